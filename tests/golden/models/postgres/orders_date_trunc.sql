-- partition: order_day timestamp by day
-- input: shop.orders by created_at (id bigint, customer_id bigint, created_at timestamp, total numeric(12,2))
-- read: shop.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: date_trunc('day') of a reading: the day's own ends.
select date_trunc('day', created_at) as order_day, customer_id, sum(total) as total
from {{ source('shop', 'orders') }}
group by 1, 2
