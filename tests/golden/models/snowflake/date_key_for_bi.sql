-- partition: date_key NUMBER(8, 0) by 1
-- input: orders by order_date (order_id NUMBER, order_date DATE, amount NUMBER(12, 2))
-- read: orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the number is built from the date by a fixed-width format: a monotone re-encoding.
-- run: no (DuckDB has no such cast of a format)
select to_number(to_char(order_date, 'YYYYMMDD'), 8, 0) as date_key, count(*) as orders
from {{ ref('orders') }}
group by 1
