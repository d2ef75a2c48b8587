-- partition: order_date DATE by day
-- input: orders by ordered_at (order_id STRING, ordered_at TIMESTAMP, skus ARRAY<STRING>)
-- read: orders window ordered_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the comma join with UNNEST is row-wise from the left.
select date(o.ordered_at) as order_date, sku, count(*) as sold
from {{ ref('orders') }} as o, unnest(o.skus) as sku
group by 1, 2
