-- partition: day DATE by day
-- input: ad_spend by spend_date (campaign VARCHAR, spend_date DATE, cost DOUBLE)
-- input: revenue by revenue_date (campaign VARCHAR, revenue_date DATE, amount DOUBLE)
-- read: ad_spend all, COALESCE_WITHOUT_EQUALITY
-- read: revenue all, COALESCE_WITHOUT_EQUALITY
-- verdict: refuted
-- strategies: range chunk partition
-- because: the FULL JOIN does not make the two dates equal, so a missing partner may be of any date.
select
    coalesce(s.spend_date, r.revenue_date) as day,
    coalesce(s.campaign, r.campaign) as campaign,
    s.cost,
    r.amount
from {{ ref('ad_spend') }} as s
full outer join {{ ref('revenue') }} as r on s.campaign = r.campaign
