-- partition: order_day TIMESTAMP_NTZ by day
-- input: raw.orders by created_at (id NUMBER, customer_id NUMBER, created_at TIMESTAMP_NTZ, total NUMBER(12, 2))
-- read: raw.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: truncation to the day has the day's own ends as its preimage; GROUP BY 1 is that expression.
select date_trunc('day', created_at) as order_day, customer_id, sum(total) as total
from {{ source('raw', 'orders') }}
group by 1, 2
