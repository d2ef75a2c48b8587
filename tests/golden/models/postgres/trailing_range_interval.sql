-- partition: day date by day
-- input: daily_signups by day (day date, signups bigint)
-- read: daily_signups window day -29..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a RANGE frame of 29 days before, ordered by the day.
select
    day,
    signups,
    sum(signups) over (order by day range between interval '29 days' preceding and current row) as signups_30d
from {{ ref('daily_signups') }}
