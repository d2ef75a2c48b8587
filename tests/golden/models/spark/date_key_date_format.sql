-- partition: date_key INT by 1
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: fixed-width text that the SQL builds from the date, as an integer: a monotone re-encoding.
SELECT CAST(date_format(sale_date, 'yyyyMMdd') AS INT) AS date_key, sum(amount) AS amount
FROM {{ ref('sales') }}
GROUP BY CAST(date_format(sale_date, 'yyyyMMdd') AS INT)
