-- partition: date_key BIGINT by 1
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an integer that the SQL itself builds from a date by a fixed-width format is a monotone
--   re-encoding: [20240131, 20240201) is the 31st.
select cast(strftime(sale_date, '%Y%m%d') as bigint) as date_key, store_id, sum(amount) as amount
from {{ ref('sales') }}
group by 1, 2
