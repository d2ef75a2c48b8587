-- partition: view_date DATE by day
-- input: views by view_date (user_id STRING, view_date DATE)
-- input: orders by order_date (user_id STRING, order_date DATE)
-- read: views window view_date 0..0
-- read: orders window order_date 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: the ANTI join's ON bounds the orders: the day and the next.
SELECT v.view_date, v.user_id
FROM {{ ref('views') }} AS v
LEFT ANTI JOIN {{ ref('orders') }} AS o
    ON o.user_id = v.user_id
    AND o.order_date BETWEEN v.view_date AND date_add(v.view_date, 1)
