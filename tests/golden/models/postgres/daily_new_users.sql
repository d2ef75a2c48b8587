-- partition: day DATE by day
-- input: signups by created_at (user_id BIGINT, created_at TIMESTAMP)
-- input: visits by visited_on (user_id BIGINT, visited_on DATE)
-- read: signups window created_at 0..0
-- read: visits window visited_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: IN a correlated list of the same day.
select s.created_at::date as day, count(*) as signups,
    count(*) filter (where s.user_id in (select v.user_id from {{ ref('visits') }} v where v.visited_on = s.created_at::date)) as came_the_same_day
from {{ ref('signups') }} s
group by 1
