-- partition: first_seen_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE, platform VARCHAR)
-- input: this by first_seen_date (user_id VARCHAR, first_seen_date DATE)
-- read: events window event_date 0..0
-- read: this past first_seen_date ..-1
-- also: SELF_STATE
-- verdict: refuted
-- strategies: partition
-- because: the anti-join with the model's own rows has no bound of the author's, so it is enforced past
--   (p < lo); the events come from the day's own partition by DISTINCT, which is GROUP BY of all outputs.
select distinct e.user_id, e.event_date as first_seen_date
from {{ ref('events') }} as e
where not exists (select 1 from {{ this }} as t where t.user_id = e.user_id)
