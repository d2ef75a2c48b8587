-- partition: month date by month
-- input: sales by sold_at (store_id bigint, sold_at timestamp, amount numeric(12,2))
-- read: sales window sold_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: truncation of a reading to its month, then the cast: the month's own ends.
select date_trunc('month', sold_at)::date as month, store_id, sum(amount) as amount
from {{ ref('sales') }}
group by 1, 2
