-- partition: day DATE by day
-- input: orders by order_date (order_id NUMBER, order_date DATE, amount NUMBER(12, 2))
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the generator reads no table; the LEFT join ties the orders to the spine's day.
-- run: no (GENERATOR)
with spine as (
    select dateadd(day, seq4(), '2020-01-01'::date) as day
    from table(generator(rowcount => 4000))
)

select s.day, coalesce(sum(o.amount), 0) as revenue
from spine as s
left join {{ ref('orders') }} as o on o.order_date = s.day
group by s.day
