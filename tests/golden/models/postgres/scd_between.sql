-- partition: order_date date by day
-- input: orders by order_date (id bigint, product_id bigint, order_date date, quantity bigint)
-- input: product_history whole (product_id bigint, price numeric(12,2), valid_from date, valid_to date)
-- read: orders window order_date 0..0
-- read: product_history unpartitioned
-- verdict: proven
-- strategies: range chunk partition
-- because: the history has no partitions and is read whole; a bound on one of its columns changes nothing.
select o.order_date, o.id, o.quantity * h.price as revenue
from {{ ref('orders') }} as o
join {{ ref('product_history') }} as h
    on h.product_id = o.product_id and o.order_date between h.valid_from and h.valid_to
