-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, seller_id BIGINT, order_date DATE, amount DOUBLE)
-- input: employees whole (id BIGINT, manager_id BIGINT, name VARCHAR)
-- read: orders window order_date 0..0
-- read: employees unpartitioned
-- verdict: proven
-- strategies: range chunk partition
-- because: the recursive part reads a table without partitions, which is read whole anyway; the orders are
--   joined to it and keep their day.
-- run: no (random managers make circles)
with recursive chain as (
    select id, manager_id, id as top, 0 as depth
    from {{ ref('employees') }}
    where manager_id is null
    union all
    select e.id, e.manager_id, c.top, c.depth + 1
    from {{ ref('employees') }} as e
    inner join chain as c on e.manager_id = c.id
)

select o.order_date, c.top, sum(o.amount) as amount
from {{ ref('orders') }} as o
inner join chain as c on c.id = o.seller_id
group by o.order_date, c.top
