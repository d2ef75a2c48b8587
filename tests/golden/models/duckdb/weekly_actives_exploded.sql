-- partition: day DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE)
-- read: events window event_date -6..0
-- verdict: proven
-- strategies: range chunk partition
-- because: each event counts for its day and the six after it: an element of the series lies between its ends, so
--   event_date <= day <= event_date + 6.
select cast(u.day as date) as day, count(distinct e.user_id) as weekly_actives
from {{ ref('events') }} as e
cross join unnest(generate_series(e.event_date, e.event_date + interval 6 day, interval 1 day)) as u(day)
group by 1
