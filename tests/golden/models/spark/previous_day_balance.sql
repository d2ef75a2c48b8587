-- partition: balance_date DATE by day
-- input: balances by balance_date (account_id BIGINT, balance_date DATE, balance DOUBLE)
-- read: balances window balance_date -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the day before, by DATE_ADD of one day.
SELECT c.balance_date, c.account_id, c.balance - coalesce(p.balance, 0) AS change
FROM {{ ref('balances') }} AS c
LEFT JOIN {{ ref('balances') }} AS p
    ON p.account_id = c.account_id
    AND date_add(p.balance_date, 1) = c.balance_date
