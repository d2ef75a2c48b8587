-- partition: month date by month
-- input: sales by sale_date (store_id bigint, sale_date date, amount numeric(12,2))
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: PostgreSQL truncates a date as an instant of the session's zone, and the cast back to a date goes
--   through that zone too; the run pins it to UTC, so the month's own ends.
select date_trunc('month', sale_date)::date as month, store_id, sum(amount) as amount
from {{ ref('sales') }}
group by 1, 2
