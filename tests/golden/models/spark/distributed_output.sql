-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales unknown, UNKNOWN_NODE
-- verdict: unproven
-- strategies: range
-- because: DISTRIBUTE BY is an argument of SELECT that the closed whitelist does not name.
-- run: no (DuckDB has none)
SELECT sale_date, store_id, amount
FROM {{ ref('sales') }}
DISTRIBUTE BY sale_date
