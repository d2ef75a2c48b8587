-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE)
-- read: events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the clock in a filter makes the run date an input version; the window stays the day.
-- run: no (it asks for the last days)
select event_date, count(*) as events
from {{ ref('events') }}
where event_date >= current_date - interval 90 day
group by event_date
