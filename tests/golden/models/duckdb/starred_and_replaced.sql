-- partition: event_ts TIMESTAMP by hour
-- input: raw.events by event_ts (event_id BIGINT, event_ts TIMESTAMP, ip VARCHAR, amount DOUBLE)
-- read: raw.events window event_ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: REPLACE puts the truncated hour in the column's place; its preimage is the hour itself.
select * exclude (ip) replace (date_trunc('hour', event_ts) as event_ts, round(amount, 2) as amount)
from {{ source('raw', 'events') }}
