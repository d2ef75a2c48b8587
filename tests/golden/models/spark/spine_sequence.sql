-- partition: day DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the sequence reads no table; cast to a date, the LEFT join ties the sales to it.
-- run: no (SEQUENCE is not transpiled)
WITH days AS (
    SELECT CAST(d AS DATE) AS day
    FROM (SELECT explode(sequence(DATE '2020-01-01', DATE '2030-12-31', INTERVAL 1 DAY)) AS d)
)

SELECT days.day, coalesce(sum(s.amount), 0) AS amount
FROM days
LEFT JOIN {{ ref('sales') }} AS s ON s.sale_date = days.day
GROUP BY days.day
