-- partition: week_start DATE by week
-- input: orders by order_date (order_id NUMBER, order_date DATE, amount NUMBER(12, 2))
-- read: orders window order_date 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: WEEK_START is a session parameter, so the week's first day is not known: [lo, hi + 6 d), which
--   touches the next week.
select date_trunc('week', order_date) as week_start, sum(amount) as revenue
from {{ ref('orders') }}
group by 1
