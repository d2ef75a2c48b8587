-- partition: day date by day
-- input: orders by order_date (id bigint, order_date date, total numeric(12,2))
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the series reads no table and is cast to a date; the LEFT join ties the orders to it.
with days as (
    select d::date as day
    from generate_series('2020-01-01'::date, '2030-12-31'::date, interval '1 day') as g(d)
)

select days.day, coalesce(sum(o.total), 0) as total
from days
left join {{ ref('orders') }} as o on o.order_date = days.day
group by days.day
