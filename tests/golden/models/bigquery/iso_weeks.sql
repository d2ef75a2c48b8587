-- partition: week DATE by week
-- input: orders by order_date (order_id STRING, order_date DATE, amount NUMERIC)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an ISO week begins on Monday.
select date_trunc(order_date, isoweek) as week, sum(amount) as revenue
from {{ ref('orders') }}
group by week
