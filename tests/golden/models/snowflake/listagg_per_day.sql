-- partition: order_date DATE by day
-- input: order_items by order_date (order_id NUMBER, order_date DATE, sku VARCHAR)
-- read: order_items window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the order of LISTAGG is a choice, but GROUP BY holds the day, so it is confined to one.
select order_date, order_id, listagg(sku, ',') within group (order by sku) as skus, any_value(sku) as one_sku
from {{ ref('order_items') }}
group by order_date, order_id
