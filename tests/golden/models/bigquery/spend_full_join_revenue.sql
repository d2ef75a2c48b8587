-- partition: day DATE by day
-- input: spend by day (day DATE, campaign STRING, cost INT64)
-- input: revenue by ts (ts TIMESTAMP, campaign STRING, amount INT64)
-- read: spend window day 0..0
-- read: revenue window ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: p is COALESCE of two days that ON says are equal.
with r as (select date(ts) as day, campaign, sum(amount) as amount from {{ ref('revenue') }} group by 1, 2)
select ifnull(s.day, r.day) as day, ifnull(s.campaign, r.campaign) as campaign, s.cost, r.amount
from {{ ref('spend') }} as s
full outer join r on s.day = r.day and s.campaign = r.campaign
