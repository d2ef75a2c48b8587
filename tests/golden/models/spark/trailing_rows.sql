-- partition: sale_date DATE by day
-- input: daily_sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE) unique store_id sale_date
-- read: daily_sales past sale_date ..0 or null, WINDOW_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: rows are not days: six rows back may be a year. No two rows of a store share a day.
SELECT
    sale_date,
    store_id,
    avg(amount) OVER (PARTITION BY store_id ORDER BY sale_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS mean_7
FROM {{ ref('daily_sales') }}
