-- W2: a daily aggregate by return flag and line status, straight from the source.
{{ config(event_time='ship_date', batch_size='day') }}

select
    l_shipdate as ship_date,
    l_returnflag as return_flag,
    l_linestatus as line_status,
    count(*) as lines,
    sum(l_quantity) as quantity,
    sum(l_extendedprice * (1 - l_discount)) as net_price
from {{ source('tpch', 'lineitem') }}
group by l_shipdate, l_returnflag, l_linestatus
