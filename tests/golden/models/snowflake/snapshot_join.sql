-- partition: order_date DATE by day
-- input: orders by order_date (order_id NUMBER, customer_id NUMBER, ordered_at TIMESTAMP_NTZ, order_date DATE)
-- input: customers_snapshot whole (customer_id NUMBER, plan VARCHAR, dbt_valid_from TIMESTAMP_NTZ, dbt_valid_to TIMESTAMP_NTZ)
-- read: orders window order_date 0..0
-- read: customers_snapshot unpartitioned
-- verdict: proven
-- strategies: range chunk partition
-- because: the snapshot has no partitions; the orders keep their date through the LEFT join.
select o.order_date, o.order_id, s.plan
from {{ ref('orders') }} as o
left join {{ ref('customers_snapshot') }} as s
    on s.customer_id = o.customer_id
    and o.ordered_at >= s.dbt_valid_from
    and (o.ordered_at < s.dbt_valid_to or s.dbt_valid_to is null)
