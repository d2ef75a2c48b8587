-- partition: event_date DATE by day
-- input: raw.logs by ds (ds STRING~date_text, level STRING, message STRING)
-- read: raw.logs unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: a cast of raw text takes more spellings than a range of texts holds.
SELECT CAST(ds AS DATE) AS event_date, level, count(*) AS messages
FROM {{ source('raw', 'logs') }}
GROUP BY CAST(ds AS DATE), level
