-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the window over an aggregate is partitioned by the day.
select
    sale_date,
    store_id,
    sum(amount) as amount,
    sum(amount) / sum(sum(amount)) over (partition by sale_date) as share,
    rank() over (partition by sale_date order by sum(amount) desc) as position
from {{ ref('sales') }}
group by sale_date, store_id
