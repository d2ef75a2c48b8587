-- partition: order_date DATE by day
-- input: orders by ordered_at (order_id BIGINT, customer_id BIGINT, ordered_at TIMESTAMP, amount DOUBLE)
-- read: orders window ordered_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the rank is within the day, which is the cast that is PARTITION BY's term in the CTE.
with ranked as (
    select
        ordered_at::date as order_date,
        order_id,
        amount,
        row_number() over (partition by ordered_at::date order by amount desc, order_id) as position
    from {{ ref('orders') }}
)

select * exclude (position)
from ranked
where position <= 3
