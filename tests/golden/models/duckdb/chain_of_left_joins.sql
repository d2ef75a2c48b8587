-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE)
-- input: shipments by shipped_on (order_id BIGINT, shipment_id BIGINT, shipped_on DATE)
-- input: returns by returned_on (shipment_id BIGINT, returned_on DATE, reason VARCHAR)
-- read: orders window order_date 0..0
-- read: shipments window shipped_on 0..14
-- read: returns window returned_on 0..44
-- verdict: proven
-- strategies: range chunk partition
-- because: each ON ties the next table to the one before: two weeks to ship, thirty days to return. A
--   shipment that is missing matches no return, so those that matter are bounded by their own ON.
select o.order_date, o.order_id, s.shipped_on, r.returned_on, r.reason
from {{ ref('orders') }} as o
left join {{ ref('shipments') }} as s
    on s.order_id = o.order_id
    and s.shipped_on between o.order_date and o.order_date + 14
left join {{ ref('returns') }} as r
    on r.shipment_id = s.shipment_id
    and r.returned_on between s.shipped_on and s.shipped_on + 30
