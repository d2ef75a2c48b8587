-- partition: event_date DATE by day
-- input: raw.clicks by event_ms (click_id STRING, event_ms BIGINT~epoch_ms)
-- read: raw.clicks window event_ms 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (not transpiled)
-- because: TIMESTAMP_MILLIS is a monotone re-encoding of an instant, exact for any integer.
SELECT to_date(timestamp_millis(event_ms)) AS event_date, count(*) AS clicks
FROM {{ source('raw', 'clicks') }}
GROUP BY to_date(timestamp_millis(event_ms))
