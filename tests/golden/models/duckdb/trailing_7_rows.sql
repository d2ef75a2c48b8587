-- partition: sale_date DATE by day
-- input: daily_sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE) unique store_id sale_date
-- read: daily_sales past sale_date ..0 or null, WINDOW_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: six rows are not six days: a store may have no sales for months, so the past. No two rows
--   of a store share a day, so the order is total: with ties, other days would see how they fall.
select
    store_id,
    sale_date,
    avg(amount) over (
        partition by store_id order by sale_date rows between 6 preceding and current row
    ) as mean_7
from {{ ref('daily_sales') }}
