-- partition: week_start DATE by week
-- input: daily_sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: daily_sales window sale_date -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the same CTE twice: this week, and the one seven days before by equality.
with weekly as (
    select date_trunc('week', sale_date)::date as week_start, store_id, sum(amount) as amount
    from {{ ref('daily_sales') }}
    group by 1, 2
)

select w.week_start, w.store_id, w.amount, w.amount - p.amount as change
from weekly as w
left join weekly as p on p.store_id = w.store_id and p.week_start = w.week_start - 7
