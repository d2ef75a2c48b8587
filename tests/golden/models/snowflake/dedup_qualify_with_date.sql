-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id VARCHAR, event_date DATE, _loaded_at TIMESTAMP_NTZ)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the date is in PARTITION BY: rank and ties stay within the day.
select event_id, event_date, _loaded_at
from {{ source('raw', 'events') }}
qualify row_number() over (partition by event_id, event_date order by _loaded_at desc) = 1
