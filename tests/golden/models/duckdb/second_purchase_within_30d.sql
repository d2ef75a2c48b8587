-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, customer_id BIGINT, order_date DATE)
-- read: orders window order_date 0..30
-- verdict: proven
-- strategies: range chunk partition
-- because: the other orders lie in (order_date, order_date + 30].
select o.order_date, count(*) as orders, count(*) filter (where exists (
    select 1 from {{ ref('orders') }} as n
    where n.customer_id = o.customer_id and n.order_date > o.order_date and n.order_date <= o.order_date + 30
)) as followed
from {{ ref('orders') }} as o
group by o.order_date
