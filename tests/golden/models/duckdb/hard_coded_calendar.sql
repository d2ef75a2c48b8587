-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- read: shared.calendar unknown, JOIN_NO_PARTITION_LINK
-- verdict: unproven
-- strategies: range chunk partition
-- because: nothing ties the holidays to the day of the sale, and of a table that the SQL names itself it is
--   not known whether it has partitions at all.
-- run: no (the table does not exist)
select s.sale_date, s.store_id, s.amount, h.holiday
from {{ ref('sales') }} as s
left join shared.calendar as h on h.store_id = s.store_id
