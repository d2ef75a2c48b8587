-- partition: first_seen_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE, platform VARCHAR)
-- read: events all, GROUP_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: p = min(d) without d in GROUP BY: a user whose first day is p is known only from all of its
--   days (the rule is everything, though the past would do for min).
select user_id, min(event_date) as first_seen_date, count(*) as events
from {{ ref('events') }}
group by user_id
