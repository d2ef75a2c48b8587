-- partition: month DATE by month
-- input: raw.payments by paid_at (id INT64, paid_at TIMESTAMP, amount INT64)
-- read: raw.payments window paid_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the first of a moment's own year and month, in UTC.
select date(extract(year from paid_at), extract(month from paid_at), 1) as month, sum(amount) as amount
from {{ source('raw', 'payments') }}
group by month
