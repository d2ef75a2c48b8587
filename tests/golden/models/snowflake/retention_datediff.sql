-- partition: cohort_date DATE by day
-- input: signups by signup_date (user_id NUMBER, signup_date DATE)
-- input: user_days by activity_date (user_id NUMBER, activity_date DATE, events NUMBER)
-- read: signups window signup_date 0..0
-- read: user_days window activity_date 0..27
-- verdict: proven
-- strategies: range chunk partition
-- because: datediff(day, y, x) in [0, 27]: x - y in (-1 d, 28 d), and of two dates the difference is whole
--   days, so 0 to 27.
select
    s.signup_date as cohort_date,
    datediff(day, s.signup_date, d.activity_date) as day_number,
    count(distinct s.user_id) as users
from {{ ref('signups') }} as s
inner join {{ ref('user_days') }} as d
    on d.user_id = s.user_id
    and datediff(day, s.signup_date, d.activity_date) between 0 and 27
group by 1, 2
