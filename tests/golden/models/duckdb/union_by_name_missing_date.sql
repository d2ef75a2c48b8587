-- partition: day DATE by day
-- input: web_orders by order_date (order_id BIGINT, order_date DATE, amount DOUBLE)
-- input: manual_corrections by entered_on (order_id BIGINT, entered_on DATE, amount DOUBLE)
-- read: web_orders window order_date 0..0
-- read: manual_corrections unknown, SET_COLUMN_UNKNOWN
-- verdict: unproven
-- strategies: range chunk partition
-- because: an absent column is NULL in BY NAME: the corrections have no day, so nothing bounds them by p
--   (their rows have no partition and are never written).
select order_date as day, order_id, amount
from {{ ref('web_orders') }}
union all by name
select order_id, amount
from {{ ref('manual_corrections') }}
