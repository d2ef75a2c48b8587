-- partition: first_order_date date by day
-- input: orders by order_date (id bigint, customer_id bigint, order_date date, total numeric(12,2))
-- read: orders all, GROUP_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: p is a min without its date in GROUP BY: everything.
select customer_id, min(order_date) as first_order_date, sum(total) as lifetime_value
from {{ ref('orders') }}
group by customer_id
