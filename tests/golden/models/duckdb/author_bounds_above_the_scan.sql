-- partition: day DATE by day
-- input: web_orders by ordered_at (order_id BIGINT, ordered_at TIMESTAMP, amount DOUBLE)
-- input: shop_orders by sold_on (order_id BIGINT, sold_on DATE, amount DOUBLE)
-- read: web_orders window ordered_at 0..0
-- read: shop_orders window sold_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the bound stands in the outer WHERE, over a UNION ALL BY NAME: it is on p itself.
with orders as (
    select order_id, cast(ordered_at as date) as day, amount from {{ ref('web_orders') }}
    union all by name
    select sold_on as day, amount, order_id from {{ ref('shop_orders') }}
)

select day, count(*) as orders, sum(amount) as amount
from orders
where day >= '{{ partition.start }}' and day < '{{ partition.end }}'
group by day
