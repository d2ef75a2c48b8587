-- partition: order_date date by day
-- input: orders by created_at (id bigint, created_at timestamp, total numeric(12,2))
-- read: orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: T2: the day's readings are what is needed and what the author reads; a partition of a DATE begins
--   and ends at midnight, so rounding its bounds to the day changes nothing.
select created_at::date as order_date, sum(total) as total
from {{ ref('orders') }}
where created_at >= '{{ partition.start }}'::timestamp and created_at < '{{ partition.end }}'::timestamp
group by 1
