-- W5: what was shipped on each day and the six before it.
{{ config(event_time='ship_date', batch_size='day') }}

with daily as (
    select l_shipdate as ship_date, l_returnflag as return_flag, count(*) as lines, sum(l_quantity) as quantity
    from {{ source('tpch', 'lineitem') }}
    group by l_shipdate, l_returnflag
)

select
    ship_date,
    return_flag,
    sum(lines) over week as lines,
    sum(quantity) over week as quantity
from daily
window week as (
    partition by return_flag order by ship_date
    range between interval 6 days preceding and current row
)
