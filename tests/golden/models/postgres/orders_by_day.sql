-- partition: order_date date by day
-- input: shop.orders by created_at (id bigint, customer_id bigint, created_at timestamp, total numeric(12,2))
-- read: shop.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a cast to date of a reading: the day's readings exactly.
select created_at::date as order_date, count(*) as orders, sum(total) as total
from {{ source('shop', 'orders') }}
group by created_at::date
