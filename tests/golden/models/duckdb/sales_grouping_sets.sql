-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, region VARCHAR, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the day stands in every set; its bound rejects NULL, so it survives on the raw rows.
select sale_date, region, store_id, sum(amount) as amount
from {{ ref('sales') }}
group by grouping sets ((sale_date, region, store_id), (sale_date, region), (sale_date))
