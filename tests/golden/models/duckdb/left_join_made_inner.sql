-- partition: shipped_on DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE)
-- input: shipments by shipped_on (order_id BIGINT, shipped_on DATE)
-- read: orders window order_date -14..0
-- read: shipments window shipped_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the demand on shipped_on rejects NULL, so the LEFT join is an inner one and its ON runs backwards
--   to the orders.
select s.shipped_on, o.order_id, date_diff('day', o.order_date, s.shipped_on) as days
from {{ ref('orders') }} as o
left join {{ ref('shipments') }} as s
    on s.order_id = o.order_id
    and s.shipped_on >= o.order_date
    and s.shipped_on <= o.order_date + 14
