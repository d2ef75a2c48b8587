-- partition: payment_date DATE by day
-- input: payments by payment_date (payment_date DATE, method VARCHAR, amount NUMBER(12, 2))
-- read: payments window payment_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: PIVOT groups by the columns that it does not name, which is the date.
-- run: no (PIVOT is transpiled otherwise)
select *
from {{ ref('payments') }}
    pivot (sum(amount) for method in ('card', 'cash')) as p (payment_date, card, cash)
