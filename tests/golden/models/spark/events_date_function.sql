-- partition: event_date DATE by day
-- input: raw.events by event_ts (event_id STRING, user_id STRING, event_ts TIMESTAMP, country STRING)
-- read: raw.events window event_ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE(ts) is the cast.
SELECT date(event_ts) AS event_date, max_by(country, event_ts) AS last_country, user_id
FROM {{ source('raw', 'events') }}
GROUP BY date(event_ts), user_id
