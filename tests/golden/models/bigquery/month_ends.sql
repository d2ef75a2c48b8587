-- partition: month_end DATE by month
-- input: raw.payments by paid_at (id INT64, paid_at TIMESTAMP, amount INT64)
-- read: raw.payments window paid_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: LAST_DAY by month of the UTC day.
select last_day(date(paid_at), month) as month_end, sum(amount) as amount
from {{ source('raw', 'payments') }}
group by 1
