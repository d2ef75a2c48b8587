-- partition: month DATE by month
-- input: weekly by week_start (store_id BIGINT, week_start DATE, amount DOUBLE)
-- read: weekly window week_start 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the week's first day decides its month; the window is on that day, within the month.
select date_trunc('month', week_start)::date as month, store_id, sum(amount) as amount
from {{ ref('weekly') }}
group by 1, 2
