-- partition: day DATE by day
-- input: visits by visited_on (user_id INTEGER, visited_on DATE)
-- read: visits window visited_on -6..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an element of the series lies between its ends.
select d.day::date as day, count(distinct v.user_id) as actives
from {{ ref('visits') }} v, generate_series(v.visited_on, v.visited_on + 6, interval '1 day') as d(day)
group by 1
