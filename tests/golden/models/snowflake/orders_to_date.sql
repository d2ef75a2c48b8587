-- partition: order_date DATE by day
-- input: raw.orders by created_at (id NUMBER, customer_id NUMBER, created_at TIMESTAMP_NTZ, total NUMBER(12, 2))
-- read: raw.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: TO_DATE of a timestamp is the cast.
select to_date(created_at) as order_date, count(*) as orders, sum(total) as total
from {{ source('raw', 'orders') }}
group by to_date(created_at)
