-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, product_id BIGINT, order_date DATE, quantity BIGINT)
-- input: price_versions by valid_from (product_id BIGINT, price DOUBLE, valid_from DATE, valid_to DATE)
-- read: orders window order_date 0..0
-- read: price_versions past valid_from ..0, JOIN_NO_PARTITION_LINK
-- verdict: refuted
-- strategies: range chunk partition
-- because: a validity range bounds valid_from on one side only: valid_from <= order_date < hi, so every
--   version that began before the end of the partition. It is the join that leaves the other side open.
select o.order_date, o.order_id, o.quantity * p.price as revenue
from {{ ref('orders') }} as o
inner join {{ ref('price_versions') }} as p
    on p.product_id = o.product_id
    and o.order_date >= p.valid_from
    and o.order_date < p.valid_to
