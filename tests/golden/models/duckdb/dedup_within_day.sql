-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id VARCHAR, user_id VARCHAR, event_date DATE, loaded_at TIMESTAMP)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: PARTITION BY holds the partition column, so both the rank and the ties stay within the day.
select * exclude (loaded_at)
from {{ source('raw', 'events') }}
qualify row_number() over (partition by event_date, event_id order by loaded_at desc) = 1
