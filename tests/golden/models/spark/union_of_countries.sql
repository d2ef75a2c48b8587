-- partition: day DATE by day
-- input: sales_de by verkauft_am (filiale BIGINT, verkauft_am DATE, betrag DOUBLE)
-- input: sales_us by sold_at (store BIGINT, sold_at TIMESTAMP, amount DOUBLE)
-- read: sales_de window verkauft_am 0..0
-- read: sales_us window sold_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: each arm by position has a date column of its own.
SELECT verkauft_am AS day, filiale AS store_id, betrag AS amount, 'de' AS country FROM {{ ref('sales_de') }}
UNION ALL
SELECT to_date(sold_at), store, amount, 'us' FROM {{ ref('sales_us') }}
