-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE, skus ARRAY<STRING>)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: LATERAL VIEW EXPLODE is row-wise from the left.
SELECT o.order_date, s.sku, count(*) AS sold
FROM {{ ref('orders') }} AS o
LATERAL VIEW explode(o.skus) s AS sku
GROUP BY o.order_date, s.sku
