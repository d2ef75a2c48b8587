-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- input: stores whole (store_id BIGINT, region STRING)
-- read: sales window sale_date 0..0
-- read: stores unpartitioned
-- verdict: proven
-- strategies: range chunk partition
-- because: a hint changes no row; the dimension has no partitions.
SELECT /*+ BROADCAST(d) */ f.sale_date, d.region, sum(f.amount) AS amount
FROM {{ ref('sales') }} AS f
LEFT JOIN {{ ref('stores') }} AS d ON d.store_id = f.store_id
GROUP BY f.sale_date, d.region
