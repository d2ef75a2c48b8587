-- partition: month DATE by month
-- input: orders by order_date (order_id NUMBER, customer_id NUMBER, order_date DATE, amount NUMBER(12, 2))
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a month's preimage under truncation is the month.
select date_trunc(month, order_date) as month, customer_id, sum(amount) as revenue
from {{ ref('orders') }}
group by 1, 2
having sum(amount) > 0
