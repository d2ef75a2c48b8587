-- partition: activity_date DATE by day
-- input: user_days by activity_date (user_id NUMBER, activity_date DATE, events NUMBER)
-- read: user_days window activity_date -27..0
-- verdict: proven
-- strategies: range chunk partition
-- because: b lies in [dateadd(day, -27, a), a]: a fixed interval on a date.
select a.activity_date, count(distinct b.user_id) as mau
from (select distinct activity_date from {{ ref('user_days') }}) as a
inner join {{ ref('user_days') }} as b
    on b.activity_date >= dateadd(day, -27, a.activity_date)
    and b.activity_date <= a.activity_date
group by a.activity_date
