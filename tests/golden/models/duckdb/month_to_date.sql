-- partition: day DATE by day
-- input: daily by day (account VARCHAR, day DATE, amount INTEGER)
-- read: daily window day -30..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the running sum starts with the month of p and ends with p; a month has 31 days at most.
select day, account, sum(amount) over (partition by account, date_trunc('month', day) order by day) as month_to_date
from {{ ref('daily') }}
