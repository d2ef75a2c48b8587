-- partition: day DATE by day
-- input: orders by order_date (order_id STRING, order_date DATE, amount NUMERIC)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the array reads no table; its element is a DATE, and the LEFT join ties the orders to it.
select day, ifnull(sum(o.amount), 0) as revenue
from unnest(generate_date_array('2020-01-01', '2030-12-31')) as day
left join {{ ref('orders') }} as o on o.order_date = day
group by day
