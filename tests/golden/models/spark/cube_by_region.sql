-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, region STRING, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the demand on the day rejects the rows of CUBE that have none.
SELECT sale_date, region, sum(amount) AS amount
FROM {{ ref('sales') }}
GROUP BY CUBE (sale_date, region)
