-- partition: order_date DATE by day
-- input: raw.orders by created_at (id NUMBER, customer_id NUMBER, created_at TIMESTAMP_NTZ, total NUMBER(12, 2))
-- read: raw.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a cast to date of a reading without zone: the day's readings exactly.
select
    id as order_id,
    customer_id,
    created_at,
    created_at::date as order_date,
    total / 100 as amount
from {{ source('raw', 'orders') }}
where total is not null
