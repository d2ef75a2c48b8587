-- partition: view_date DATE by day
-- input: views by view_date (user_id VARCHAR, view_date DATE)
-- input: orders by order_date (user_id VARCHAR, order_id BIGINT, order_date DATE)
-- read: views window view_date 0..0
-- read: orders window order_date 0..6
-- verdict: proven
-- strategies: range chunk partition
-- because: the anti-join by LEFT … IS NULL needs the orders that ON names: of the day and six after it.
select v.view_date, v.user_id
from {{ ref('views') }} as v
left join {{ ref('orders') }} as o
    on o.user_id = v.user_id
    and o.order_date >= v.view_date
    and o.order_date <= v.view_date + 6
where o.order_id is null
