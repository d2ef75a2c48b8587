-- partition: quarter DATE by quarter
-- input: raw.payments by paid_on (id INT64, paid_on DATE, amount INT64)
-- read: raw.payments window paid_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE_TRUNC to the grain.
select date_trunc(paid_on, quarter) as quarter, count(*) as payments, sum(amount) as amount
from {{ source('raw', 'payments') }}
group by quarter
