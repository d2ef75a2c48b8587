-- partition: install_date DATE by day
-- input: installs by install_date (user_id VARCHAR, install_date DATE, country VARCHAR)
-- input: daily_users by activity_date (user_id VARCHAR, activity_date DATE)
-- read: installs window install_date 0..0
-- read: daily_users window activity_date 0..27
-- verdict: proven
-- strategies: range chunk partition
-- because: a future window: the activity of the 27 days after the install date, by BETWEEN in ON.
select
    i.install_date,
    i.country,
    count(distinct i.user_id) as installed,
    count(distinct case when a.activity_date = i.install_date + 1 then a.user_id end) as day_1,
    count(distinct case when a.activity_date = i.install_date + 27 then a.user_id end) as day_27
from {{ ref('installs') }} as i
left join {{ ref('daily_users') }} as a
    on a.user_id = i.user_id
    and a.activity_date between i.install_date and i.install_date + 27
group by i.install_date, i.country
