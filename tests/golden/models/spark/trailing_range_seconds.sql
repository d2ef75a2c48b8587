-- partition: login_date DATE by day
-- input: logins by logged_in_at (user_id STRING, logged_in_at TIMESTAMP)
-- read: logins window logged_in_at -1..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (not transpiled)
-- because: a cast of an instant to a number is its epoch, an integer that the SQL builds itself; the frame is
--   86,400 of its seconds.
SELECT
    to_date(logged_in_at) AS login_date,
    user_id,
    count(*) OVER (
        PARTITION BY user_id ORDER BY unix_timestamp(logged_in_at)
        RANGE BETWEEN 86400 PRECEDING AND CURRENT ROW
    ) AS logins_24h
FROM {{ ref('logins') }}
