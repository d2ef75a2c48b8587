-- partition: month DATE by month
-- input: raw.payments by paid_at (payment_id STRING, paid_at TIMESTAMP, amount NUMERIC)
-- read: raw.payments window paid_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the month of the UTC date of an instant: both preimages are exact.
select date_trunc(date(paid_at), month) as month, sum(amount) as amount
from {{ source('raw', 'payments') }}
group by 1
