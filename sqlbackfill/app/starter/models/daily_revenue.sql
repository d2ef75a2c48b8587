-- ref() names another model: this one is built after it, and becomes stale when it changes.
{{ config(event_time='ordered_on', batch_size='day') }}

select
    ordered_on,
    count(*) as orders,
    cast(sum(amount) as decimal(12, 2)) as revenue
from {{ ref('orders') }}
group by ordered_on
