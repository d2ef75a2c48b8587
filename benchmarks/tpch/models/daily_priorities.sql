-- W3: lines joined to their orders by order key, which knows no ship date, and then a daily aggregate.
{{ config(event_time='ship_date', batch_size='day') }}

select
    l.l_shipdate as ship_date,
    o.o_orderpriority as order_priority,
    count(*) as lines,
    sum(l.l_extendedprice * (1 - l.l_discount)) as net_price
from {{ source('tpch', 'lineitem') }} as l
join {{ source('tpch', 'orders') }} as o on l.l_orderkey = o.o_orderkey
group by l.l_shipdate, o.o_orderpriority
