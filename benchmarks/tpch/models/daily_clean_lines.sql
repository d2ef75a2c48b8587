-- W4 is W1, and then this: the aggregate of W2 from the cleaned copy.
{{ config(event_time='ship_date', batch_size='day') }}

select
    ship_date,
    return_flag,
    line_status,
    count(*) as lines,
    sum(quantity) as quantity,
    sum(net_price) as net_price
from {{ ref('clean_lineitem') }}
group by ship_date, return_flag, line_status
