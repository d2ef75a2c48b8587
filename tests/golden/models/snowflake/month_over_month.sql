-- partition: month DATE by month
-- input: monthly_revenue by month (month DATE, customer_id NUMBER, revenue NUMBER(12, 2))
-- read: monthly_revenue window month -2..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the previous month by DATEADD: months are padded, [lo - 1 month - 1 d, hi - 1 month + 1 d), so
--   the month before last is touched by a day.
select c.month, c.customer_id, c.revenue, c.revenue - coalesce(p.revenue, 0) as growth
from {{ ref('monthly_revenue') }} as c
left join {{ ref('monthly_revenue') }} as p
    on p.customer_id = c.customer_id
    and p.month = dateadd(month, -1, c.month)
