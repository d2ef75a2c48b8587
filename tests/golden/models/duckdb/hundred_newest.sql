-- partition: order_date DATE by day
-- input: orders by order_date (order_id BIGINT, order_date DATE, amount DOUBLE)
-- read: orders all, LIMIT_GLOBAL
-- also: TIES
-- verdict: refuted
-- strategies: range
-- because: LIMIT picks among the rows of every day; orders of equal amount are chosen by chance.
-- run: no (rows are chosen among equal ones)
select order_date, order_id, amount
from {{ ref('orders') }}
order by amount desc
limit 100
