-- W1: a cleaned copy of lineitem by ship date.
{{ config(event_time='ship_date', batch_size='day') }}

select
    l_shipdate as ship_date,
    l_orderkey as order_key,
    l_linenumber as line_number,
    l_partkey as part_key,
    l_suppkey as supplier_key,
    l_quantity as quantity,
    l_extendedprice * (1 - l_discount) as net_price,
    l_tax as tax,
    trim(l_returnflag) as return_flag,
    trim(l_linestatus) as line_status,
    lower(l_shipmode) as ship_mode
from {{ source('tpch', 'lineitem') }}
