-- partition: day DATE by day
-- input: ad_spend by spend_date (campaign VARCHAR, spend_date DATE, cost DOUBLE)
-- input: revenue by revenue_date (campaign VARCHAR, revenue_date DATE, amount DOUBLE)
-- read: ad_spend window spend_date 0..0
-- read: revenue window revenue_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: FULL JOIN whose COALESCE shows exactly the columns that ON makes equal.
select
    coalesce(s.spend_date, r.revenue_date) as day,
    coalesce(s.campaign, r.campaign) as campaign,
    coalesce(s.cost, 0) as cost,
    coalesce(r.amount, 0) as revenue
from {{ ref('ad_spend') }} as s
full outer join {{ ref('revenue') }} as r
    on s.spend_date = r.revenue_date
    and s.campaign = r.campaign
