-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE, platform VARCHAR)
-- read: events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: partition_filter() is `>= start and < end` on the column that p is.
select event_date, platform, count(distinct user_id) as users
from {{ ref('events') }}
where {{ partition_filter('event_date') }}
group by 1, 2
