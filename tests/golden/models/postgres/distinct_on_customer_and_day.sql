-- partition: order_date date by day
-- input: orders by order_date (id bigint, customer_id bigint, order_date date, created_at timestamp)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DISTINCT ON is PARTITION BY its keys, the day among them: rows and ties stay within it.
select distinct on (order_date, customer_id) order_date, customer_id, id as first_order_id
from {{ ref('orders') }}
order by order_date, customer_id, created_at
