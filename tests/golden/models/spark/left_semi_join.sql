-- partition: view_date DATE by day
-- input: views by view_date (user_id STRING, view_date DATE)
-- input: campaigns by day (day DATE, user_id STRING)
-- read: views window view_date 0..0
-- read: campaigns window day 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the SEMI join's equality ties the campaigns to the day.
SELECT v.view_date, v.user_id
FROM {{ ref('views') }} AS v
LEFT SEMI JOIN {{ ref('campaigns') }} AS c ON c.user_id = v.user_id AND c.day = v.view_date
