-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- input: targets by sale_date (store_id BIGINT, sale_date DATE, target DOUBLE)
-- read: sales window sale_date 0..0
-- read: targets window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: USING makes the dates equal; of a LEFT join it shows the left one's.
select sale_date, store_id, amount, amount / target as reached
from {{ ref('sales') }}
left join {{ ref('targets') }} using (store_id, sale_date)
