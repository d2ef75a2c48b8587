-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id STRING, event_date DATE, ingested_at TIMESTAMP)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the date is in PARTITION BY; the filter on the rank stands above, in the outer WHERE.
SELECT event_id, event_date, ingested_at
FROM (
    SELECT *, row_number() OVER (PARTITION BY event_date, event_id ORDER BY ingested_at DESC) AS rn
    FROM {{ source('raw', 'events') }}
) AS ranked
WHERE rn = 1
