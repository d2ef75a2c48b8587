-- partition: week_start date by week
-- input: sales by sold_at (store_id bigint, sold_at timestamp, amount numeric(12,2))
-- read: sales window sold_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: PostgreSQL's weeks begin on Monday, as the model's do.
select date_trunc('week', sold_at)::date as week_start, sum(amount) as amount
from {{ ref('sales') }}
group by 1
