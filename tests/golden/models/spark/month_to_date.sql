-- partition: day DATE by day
-- input: daily by day (account STRING, day DATE, amount INT)
-- read: daily window day -30..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (trunc by MM is not transpiled)
-- because: the running sum starts with the month of p and ends with p.
select day, account, sum(amount) over (partition by account, trunc(day, 'MM') order by day) as month_to_date
from {{ ref('daily') }}
