-- partition: day DATE by day
-- input: actives by day (user_id STRING, day DATE)
-- read: actives window day 0..7
-- verdict: proven
-- strategies: range chunk partition
-- because: who comes back within (day, day + 7] is looked for.
select a.day, count(*) as users
from {{ ref('actives') }} a
left anti join {{ ref('actives') }} b
    on b.user_id = a.user_id and b.day > a.day and b.day <= date_add(a.day, 7)
group by a.day
