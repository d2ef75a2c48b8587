-- partition: event_date DATE by day
-- input: raw.events by event_ts (event_id VARCHAR, user_id VARCHAR, event_ts TIMESTAMP_NTZ)
-- read: raw.events window event_ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: max(ts) under GROUP BY (id, ts::date) inherits the edge ts::date = key, so p = max(ts)::date is
--   the key's own day.
select event_id, max(event_ts) as event_ts, max(event_ts)::date as event_date
from {{ source('raw', 'events') }}
group by event_id, event_ts::date
