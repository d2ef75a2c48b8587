-- partition: event_date DATE by day
-- input: raw.clicks by event_ms (click_id BIGINT, event_ms BIGINT~epoch_ms, url VARCHAR)
-- read: raw.clicks window event_ms 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the epoch is a monotone re-encoding of a moment, exact in milliseconds for any integer.
select cast(epoch_ms(event_ms) as date) as event_date, click_id, url
from {{ source('raw', 'clicks') }}
