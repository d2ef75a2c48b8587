-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE, status VARCHAR)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: PIVOT is GROUP BY of the implicit keys, here the day alone.
select order_date, a, b
from (select order_date, order_id, status from {{ ref('orders') }})
pivot (count(order_id) for status in ('a' as a, 'b' as b))
