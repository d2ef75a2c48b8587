-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE, skus ARRAY<STRING>)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: EXPLODE in the select list repeats the row for each element: row-wise.
SELECT order_date, order_id, explode(skus) AS sku
FROM {{ ref('orders') }}
