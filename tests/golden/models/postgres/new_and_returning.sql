-- partition: order_date date by day
-- input: orders by order_date (id bigint, customer_id bigint, order_date date)
-- read: orders past order_date ..0, GLOBAL_SCALAR
-- verdict: refuted
-- strategies: range chunk partition
-- because: EXISTS takes from its correlation only that the earlier order is before the day: (-inf, hi). The
--   subquery leaves the other side open.
select
    o.order_date,
    o.id,
    exists (
        select 1
        from {{ ref('orders') }} as before
        where before.customer_id = o.customer_id and before.order_date < o.order_date
    ) as is_returning
from {{ ref('orders') }} as o
