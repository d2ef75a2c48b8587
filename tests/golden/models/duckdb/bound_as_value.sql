-- partition: day DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE, platform VARCHAR)
-- read: events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: `select :day as day … where d = :day group by …` is the ranged query with the column in the
--   bound's place: the one scope that compares with the bound has it, there is no outer join, no LIMIT,
--   no scalar aggregate (Bounds as values).
select date '{{ partition.start }}' as day, platform, count(distinct user_id) as users
from {{ ref('events') }}
where event_date = date '{{ partition.start }}'
group by platform
