-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE, amount DOUBLE)
-- read: orders all, WINDOW_OMITS_P
-- also: TIES
-- verdict: refuted
-- strategies: range
-- because: ntile() over all orders has no rule but everything, and equal amounts fall by chance.
-- run: no (equal amounts fall into tiles by chance)
select order_date, order_id, ntile(10) over (order by amount) as decile
from {{ ref('orders') }}
