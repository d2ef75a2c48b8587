-- partition: day DATE by day
-- input: daily_sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: daily_sales window sale_date -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the second occurrence is tied by equality to the day before, [lo - 1, hi - 1).
select c.sale_date as day, c.store_id, c.amount, c.amount - p.amount as change
from {{ ref('daily_sales') }} as c
left join {{ ref('daily_sales') }} as p
    on p.store_id = c.store_id
    and p.sale_date = c.sale_date - interval 1 day
