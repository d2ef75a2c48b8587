-- partition: activity_date DATE by day
-- input: daily_users by activity_date (user_id VARCHAR, activity_date DATE, events BIGINT)
-- read: daily_users window activity_date -27..0
-- verdict: proven
-- strategies: range chunk partition
-- because: `d` is the day itself; `b` lies in [d - 27, d] by the ON condition, two ranges with a fixed
--   interval: lo - 27 days to hi. The relation's window is the hull of both.
select
    d.activity_date,
    d.user_id,
    count(distinct b.activity_date) as active_days,
    sum(1 << (27 - date_diff('day', b.activity_date, d.activity_date))) as bits
from {{ ref('daily_users') }} as d
inner join {{ ref('daily_users') }} as b
    on b.user_id = d.user_id
    and b.activity_date between d.activity_date - 27 and d.activity_date
group by d.activity_date, d.user_id
