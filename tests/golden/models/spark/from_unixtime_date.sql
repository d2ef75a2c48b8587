-- partition: event_date DATE by day
-- input: raw.clicks by event_s (click_id STRING, event_s BIGINT~epoch_s)
-- read: raw.clicks window event_s 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: FROM_UNIXTIME makes fixed-width text out of an epoch in the pinned zone, and the date is read
--   from text that the SQL built itself: monotone re-encodings both.
-- run: no (FROM_UNIXTIME is transpiled otherwise)
SELECT to_date(from_unixtime(event_s)) AS event_date, count(*) AS clicks
FROM {{ source('raw', 'clicks') }}
GROUP BY to_date(from_unixtime(event_s))
