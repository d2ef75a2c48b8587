-- partition: sale_date DATE by day
-- input: daily_sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: daily_sales window sale_date -29..0
-- verdict: proven
-- strategies: range chunk partition
-- because: RANGE with an interval on the date: 29 days before.
SELECT
    sale_date,
    store_id,
    sum(amount) OVER (
        PARTITION BY store_id ORDER BY sale_date
        RANGE BETWEEN INTERVAL 29 DAYS PRECEDING AND CURRENT ROW
    ) AS amount_30d
FROM {{ ref('daily_sales') }}
