-- A model is a query for all of history. `event_time` names the column that cuts it into partitions,
-- `batch_size` how large one is. When a few days are rebuilt, sqlbackfill adds the filter itself:
-- try `sqlbackfill render -s orders -p 2024-01-05`.
{{ config(event_time='ordered_on', batch_size='day') }}

select
    cast(ordered_at as date) as ordered_on,
    order_id,
    customer,
    cast(amount as decimal(10, 2)) as amount
from {{ source('shop', 'raw_orders') }}
