-- partition: day DATE by day
-- input: web_orders by order_date (order_id BIGINT, order_date DATE, amount DOUBLE)
-- input: shop_orders by sold_at (receipt BIGINT, sold_at TIMESTAMP, total DOUBLE)
-- read: web_orders window order_date 0..0
-- read: shop_orders window sold_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: BY NAME: each arm's `day` is found by its name, not its position, and each has its own edge.
select order_date as day, order_id, amount, 'web' as channel
from {{ ref('web_orders') }}
union all by name
select 'shop' as channel, receipt as order_id, total as amount, cast(sold_at as date) as day
from {{ ref('shop_orders') }}
