-- partition: day date by day
-- input: daily_signups by day (day date, signups bigint)
-- read: daily_signups window day -3..3
-- verdict: proven
-- strategies: range chunk partition
-- because: a RANGE frame on both sides: [lo - 3, hi + 3).
select
    day,
    avg(signups) over (
        order by day range between interval '3 days' preceding and interval '3 days' following
    ) as smoothed
from {{ ref('daily_signups') }}
