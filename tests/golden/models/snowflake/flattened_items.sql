-- partition: order_date DATE by day
-- input: raw.orders by created_at (id NUMBER, created_at TIMESTAMP_NTZ, items VARIANT)
-- read: raw.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: FLATTEN is row-wise from the left; the day is the order's, not the element's.
-- run: no (VARIANT)
select
    o.id as order_id,
    o.created_at::date as order_date,
    f.value:sku::string as sku,
    f.value:quantity::number as quantity
from {{ source('raw', 'orders') }} as o,
    lateral flatten(input => o.items) as f
