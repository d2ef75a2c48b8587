-- partition: day DATE by day
-- input: daily_revenue by day (day DATE, country STRING, revenue FLOAT64)
-- read: daily_revenue window day -6..0
-- verdict: proven
-- strategies: range chunk partition
-- because: RANGE needs a number here, so days since 1970: an integer that the SQL builds from the date is a
--   monotone re-encoding, and 6 PRECEDING are six days.
select
  day,
  country,
  avg(revenue) over (
    partition by country order by unix_date(day) range between 6 preceding and current row
  ) as mean_7d
from {{ ref('daily_revenue') }}
