-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, product_id BIGINT, order_date DATE)
-- input: prices by price_date (product_id BIGINT, price_date DATE, price DOUBLE)
-- read: orders window order_date 0..0
-- read: prices window price_date -30..0
-- also: TIES
-- verdict: unproven
-- strategies: range
-- because: inside LATERAL a LIMIT keeps the bounds of its own WHERE below it; which of two prices of one
--   day is taken is chance, so only one query over the whole range is allowed.
select o.order_date, o.order_id, p.price
from {{ ref('orders') }} as o
cross join lateral (
    select price
    from {{ ref('prices') }} as q
    where q.product_id = o.product_id
        and q.price_date <= o.order_date
        and q.price_date >= o.order_date - 30
    order by q.price_date desc
    limit 1
) as p
