-- partition: DAY DATE by day
-- input: daily_sales by DAY (DAY DATE, STORE VARCHAR, REVENUE NUMBER)
-- read: daily_sales window DAY -367..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the rows a year before, padded by a day on each side as all arithmetic on months is.
select t.day, t.store, t.revenue, p.revenue as last_year, div0(t.revenue - p.revenue, p.revenue) as growth
from {{ ref('daily_sales') }} t
left join {{ ref('daily_sales') }} p
    on p.store = t.store and p.day = dateadd(year, -1, t.day)
