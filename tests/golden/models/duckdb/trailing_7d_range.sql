-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date -6..0
-- verdict: proven
-- strategies: range chunk partition
-- because: RANGE 6 days PRECEDING on the partition column: [lo - 6, hi); the inner GROUP BY holds the day.
with daily as (
    select store_id, sale_date, sum(amount) as amount
    from {{ ref('sales') }}
    group by store_id, sale_date
)

select
    store_id,
    sale_date,
    avg(amount) over (
        partition by store_id order by sale_date
        range between interval 6 days preceding and current row
    ) as mean_7d
from daily
