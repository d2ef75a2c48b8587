-- W6: an aggregate with about as many groups as rows.
{{ config(event_time='day', batch_size='day') }}

select day, key, count(*) as events, sum(amount) as amount
from {{ source('tpch', 'events') }}
group by day, key
