-- partition: snapshot_date DATE by day
-- input: accounts by balance_date (account_id BIGINT, balance_date DATE, balance DOUBLE)
-- read: accounts window balance_date -1..-1
-- verdict: proven
-- strategies: range chunk partition
-- because: what is shown under p is of the day before: p = d + 1, so [lo - 1, hi - 1).
SELECT date_add(balance_date, 1) AS snapshot_date, account_id, balance AS opening_balance
FROM {{ ref('accounts') }}
