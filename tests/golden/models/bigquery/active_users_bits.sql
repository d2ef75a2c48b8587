-- partition: submission_date DATE by day
-- input: clients_daily by submission_date (client_id STRING, submission_date DATE)
-- read: clients_daily window submission_date -27..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE_SUB by 27 days in ON: the day and 27 before it.
select d.submission_date, d.client_id, bit_or(1 << date_diff(d.submission_date, p.submission_date, day)) as bits
from {{ ref('clients_daily') }} as d
join {{ ref('clients_daily') }} as p
  on p.client_id = d.client_id
  and p.submission_date between date_sub(d.submission_date, interval 27 day) and d.submission_date
group by d.submission_date, d.client_id
