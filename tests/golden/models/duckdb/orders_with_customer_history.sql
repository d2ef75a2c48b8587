-- partition: order_date DATE by day
-- input: orders by ordered_at (order_id BIGINT, customer_id BIGINT, ordered_at TIMESTAMP, amount DOUBLE)
-- input: customer_history whole (customer_id BIGINT, segment VARCHAR, valid_from TIMESTAMP, valid_to TIMESTAMP)
-- read: orders window ordered_at 0..0
-- read: customer_history unpartitioned
-- verdict: proven
-- strategies: range chunk partition
-- because: the dimension has no partitions and is read whole, which does not count against separability;
--   the orders keep their own day through the LEFT join.
select
    o.ordered_at::date as order_date,
    o.order_id,
    o.amount,
    coalesce(h.segment, 'unknown') as segment
from {{ ref('orders') }} as o
left join {{ ref('customer_history') }} as h
    on h.customer_id = o.customer_id
    and o.ordered_at >= h.valid_from
    and o.ordered_at < coalesce(h.valid_to, timestamp '9999-12-31 00:00:00')
