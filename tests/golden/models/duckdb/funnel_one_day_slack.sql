-- partition: view_date DATE by day
-- input: raw.views by viewed_at (user_id VARCHAR, viewed_at TIMESTAMP, product_id BIGINT)
-- input: raw.orders by ordered_at (user_id VARCHAR, ordered_at TIMESTAMP, product_id BIGINT)
-- read: raw.views window viewed_at 0..0
-- read: raw.orders window ordered_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: orders lie in [viewed_at, viewed_at + 1 day), so in [lo, hi + 1 day): the day and the next.
select
    cast(v.viewed_at as date) as view_date,
    v.product_id,
    count(distinct v.user_id) as viewers,
    count(distinct o.user_id) as buyers
from {{ source('raw', 'views') }} as v
left join {{ source('raw', 'orders') }} as o
    on o.user_id = v.user_id
    and o.product_id = v.product_id
    and o.ordered_at >= v.viewed_at
    and o.ordered_at < v.viewed_at + interval 1 day
group by 1, 2
