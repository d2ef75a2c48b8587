-- partition: cohort_date DATE by day
-- input: signups by signup_date (user_id STRING, signup_date DATE)
-- input: user_days by activity_date (user_id STRING, activity_date DATE)
-- read: signups window signup_date 0..0
-- read: user_days window activity_date 0..27
-- verdict: proven
-- strategies: range chunk partition
-- because: DATEDIFF(end, start) of two dates between 0 and 27: whole days.
SELECT
    s.signup_date AS cohort_date,
    datediff(u.activity_date, s.signup_date) AS day_number,
    count(DISTINCT s.user_id) AS users
FROM {{ ref('signups') }} AS s
JOIN {{ ref('user_days') }} AS u
    ON u.user_id = s.user_id
    AND datediff(u.activity_date, s.signup_date) BETWEEN 0 AND 27
GROUP BY s.signup_date, datediff(u.activity_date, s.signup_date)
