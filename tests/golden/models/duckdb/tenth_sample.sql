-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE)
-- read: events window event_date 0..0
-- also: VOLATILE
-- verdict: unproven
-- strategies: range
-- because: random() decides which rows exist: two queries would choose differently, so one only.
-- run: no (it gives other rows each time)
select event_date, user_id
from {{ ref('events') }}
where random() < 0.1
