-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales past sale_date ..0, WINDOW_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: NULLS LAST is written, so rows without a date are never in the frame of one with a date.
select store_id, sale_date, sum(amount) over (partition by store_id order by sale_date nulls last) as total
from {{ ref('sales') }}
