-- partition: cohort_date DATE by day
-- input: installs by installed_at (client_id STRING, installed_at TIMESTAMP)
-- input: clients_daily by submission_date (client_id STRING, submission_date DATE)
-- read: installs window installed_at 0..0
-- read: clients_daily window submission_date 1..28
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE_ADD in BETWEEN: days 1 to 28 after the install's date, which is the day of p.
select
  date(i.installed_at) as cohort_date,
  count(distinct i.client_id) as clients,
  count(distinct c.client_id) as retained
from {{ ref('installs') }} as i
left join {{ ref('clients_daily') }} as c
  on c.client_id = i.client_id
  and c.submission_date between date_add(date(i.installed_at), interval 1 day)
    and date_add(date(i.installed_at), interval 28 day)
group by cohort_date
