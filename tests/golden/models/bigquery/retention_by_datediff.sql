-- partition: first_seen_date DATE by day
-- input: first_seen by first_seen_date (client_id STRING, first_seen_date DATE)
-- input: clients_daily by submission_date (client_id STRING, submission_date DATE)
-- read: first_seen window first_seen_date 0..0
-- read: clients_daily window submission_date 7..13
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE_DIFF of two dates in days between 7 and 13: whole days after the first.
select f.first_seen_date, count(distinct f.client_id) as retained_week_2
from {{ ref('first_seen') }} as f
inner join {{ ref('clients_daily') }} as c on c.client_id = f.client_id
where date_diff(c.submission_date, f.first_seen_date, day) between 7 and 13
group by f.first_seen_date
