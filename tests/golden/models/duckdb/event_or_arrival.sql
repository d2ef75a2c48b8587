-- partition: event_date DATE by day
-- input: raw.events by event_ts (event_id BIGINT, event_ts TIMESTAMP, received_at TIMESTAMP)
-- read: raw.events window event_ts 0..0 or null
-- verdict: proven
-- strategies: range chunk partition
-- because: COALESCE(a, b) in I gives a in I or NULL; rows without an event time count by when they arrived.
select event_id, cast(coalesce(event_ts, received_at) as date) as event_date
from {{ source('raw', 'events') }}
