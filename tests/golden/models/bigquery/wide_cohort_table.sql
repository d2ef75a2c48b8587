-- partition: activity_date DATE by day
-- input: clients_daily by submission_date (client_id STRING, submission_date DATE, cohort_date DATE)
-- read: clients_daily window submission_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a fixed age of the cohort is a filter between two columns of one row; p alone bounds the read.
select submission_date as activity_date, cohort_date, count(distinct client_id) as clients
from {{ ref('clients_daily') }}
where cohort_date >= date_sub(submission_date, interval 180 day)
  and cohort_date <= submission_date
group by activity_date, cohort_date
