-- partition: day DATE by day
-- input: events by event_date (user_id STRING, event_date DATE)
-- read: events window event_date -6..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (sequence of dates is not transpiled)
-- because: an element of SEQUENCE lies between its ends.
select day, count(distinct user_id) as weekly_actives
from {{ ref('events') }}
lateral view explode(sequence(event_date, date_add(event_date, 6))) t as day
group by day
