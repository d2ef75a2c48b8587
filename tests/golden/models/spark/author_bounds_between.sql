-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: T2: BETWEEN start and the day before the end are the dates of [start, end).
SELECT sale_date, store_id, sum(amount) AS amount
FROM {{ ref('sales') }}
WHERE sale_date BETWEEN DATE '{{ partition.start }}' AND date_sub(DATE '{{ partition.end }}', 1)
GROUP BY sale_date, store_id
