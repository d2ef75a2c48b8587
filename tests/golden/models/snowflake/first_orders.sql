-- partition: first_order_date DATE by day
-- input: orders by order_date (order_id NUMBER, customer_id NUMBER, order_date DATE, amount NUMBER(12, 2))
-- read: orders past order_date ..0 or null, WINDOW_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: row_number() ascending by the date needs (-inf, hi); the order key determines the date, so ties
--   stay within a day.
select customer_id, order_date as first_order_date, order_id, amount
from {{ ref('orders') }}
qualify row_number() over (partition by customer_id order by order_date, order_id) = 1
