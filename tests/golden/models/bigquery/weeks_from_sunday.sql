-- partition: week DATE by week from sunday
-- input: orders by order_date (order_id STRING, order_date DATE, amount NUMERIC)
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: BigQuery's WEEK begins on Sunday, as the model's weeks do.
select date_trunc(order_date, week) as week, sum(amount) as revenue
from {{ ref('orders') }}
group by week
