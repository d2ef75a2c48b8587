-- partition: ordered_on DATE by day
-- input: raw.orders by order_date (order_id NUMBER, order_date DATE, ssn VARCHAR, amount NUMBER(12, 2))
-- read: raw.orders window order_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: EXCLUDE and RENAME only choose and name columns.
-- run: no (RENAME is not transpiled)
select * exclude (ssn) rename (order_date as ordered_on)
from {{ source('raw', 'orders') }}
