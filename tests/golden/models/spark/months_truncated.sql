-- partition: month DATE by month
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DECIMAL(12, 2))
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (not transpiled)
-- because: TRUNC(d, 'MM') is the month of a date: the month's own ends.
SELECT trunc(sale_date, 'MM') AS month, store_id, sum(amount) AS amount
FROM {{ ref('sales') }}
GROUP BY trunc(sale_date, 'MM'), store_id
