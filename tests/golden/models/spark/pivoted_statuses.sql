-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE, status STRING)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: PIVOT groups by what it does not name, the date.
-- run: no (PIVOT is transpiled otherwise)
SELECT *
FROM (SELECT order_date, status, order_id FROM {{ ref('orders') }})
PIVOT (count(order_id) FOR status IN ('a' AS a, 'b' AS b))
