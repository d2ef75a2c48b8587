-- partition: week DATE by week
-- input: orders by order_date (order_id STRING, order_date DATE, amount NUMERIC)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: WEEK(MONDAY) says which day it begins on.
select date_trunc(order_date, week(monday)) as week, sum(amount) as revenue
from {{ ref('orders') }}
group by week
