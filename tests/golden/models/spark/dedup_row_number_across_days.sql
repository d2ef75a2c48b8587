-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id STRING, event_date DATE, ingested_at TIMESTAMP)
-- read: raw.events all, WINDOW_OMITS_P
-- also: TIES
-- verdict: refuted
-- strategies: range
-- because: the same event may stand under several dates; which of equally late ones is kept is chance.
SELECT event_id, event_date, ingested_at
FROM (
    SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY ingested_at DESC) AS rn
    FROM {{ source('raw', 'events') }}
) AS ranked
WHERE rn = 1
