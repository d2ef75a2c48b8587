-- partition: activity_date DATE by day
-- input: user_days by activity_date (user_id STRING, activity_date DATE)
-- read: user_days window activity_date -27..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE_SUB(d, 27) in BETWEEN: the day and 27 before.
SELECT d.activity_date, count(DISTINCT u.user_id) AS mau
FROM (SELECT DISTINCT activity_date FROM {{ ref('user_days') }}) AS d
JOIN {{ ref('user_days') }} AS u
    ON u.activity_date BETWEEN date_sub(d.activity_date, 27) AND d.activity_date
GROUP BY d.activity_date
