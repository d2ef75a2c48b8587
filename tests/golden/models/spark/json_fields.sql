-- partition: event_date DATE by day
-- input: raw.events by event_date (event_date DATE, body STRING~json)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: fields of the document are only shown; the date is a column of its own.
SELECT event_date, get_json_object(body, '$.country') AS country, count(*) AS events
FROM {{ source('raw', 'events') }}
GROUP BY event_date, get_json_object(body, '$.country')
