-- partition: DAY DATE by day
-- input: daily_sales by DAY (DAY DATE, STORE VARCHAR, REVENUE NUMBER)
-- read: daily_sales window DAY 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (ratio_to_report is not transpiled)
-- because: RATIO_TO_REPORT compares the rows of a day.
select day, store, ratio_to_report(revenue) over (partition by day) as share
from {{ ref('daily_sales') }}
