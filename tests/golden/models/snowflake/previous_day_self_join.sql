-- partition: balance_date DATE by day
-- input: balances by balance_date (account_id NUMBER, balance_date DATE, balance NUMBER(18, 2))
-- read: balances window balance_date -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATEADD(day, 1, p.d) = c.d: the second occurrence is the day before.
select c.balance_date, c.account_id, c.balance, c.balance - p.balance as change
from {{ ref('balances') }} as c
left join {{ ref('balances') }} as p
    on p.account_id = c.account_id
    and dateadd(day, 1, p.balance_date) = c.balance_date
