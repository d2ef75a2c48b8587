-- partition: DAY DATE by day
-- input: daily_sales by DAY (DAY DATE, STORE VARCHAR, REVENUE NUMBER) unique DAY STORE
-- read: daily_sales window DAY -30..0
-- verdict: proven
-- strategies: range chunk partition
-- because: ROWS from the start of the month's rows to p's.
select day, store,
    sum(revenue) over (partition by store, date_trunc('month', day) order by day
        rows between unbounded preceding and current row) as month_to_date
from {{ ref('daily_sales') }}
