-- partition: submission_date DATE by day
-- input: clients_daily by submission_date (client_id STRING, submission_date DATE, country STRING)
-- input: this by submission_date (client_id STRING, submission_date DATE, country STRING, days_seen_bits INT64)
-- read: clients_daily window submission_date 0..0
-- read: this window submission_date -1..-1
-- also: SELF_STATE
-- verdict: refuted
-- strategies: partition
-- because: yesterday's own rows, shifted, FULL JOINed with today's: it reads itself at exactly p - 1.
with cur as (
  select client_id, any_value(country) as country, 1 as days_seen_bits
  from {{ ref('clients_daily') }}
  where submission_date = date '{{ partition.start }}'
  group by client_id
),

prev as (
  select client_id, country, days_seen_bits
  from {{ this }}
  where submission_date = date_sub(date '{{ partition.start }}', interval 1 day)
)

select
  date '{{ partition.start }}' as submission_date,
  if(cur.client_id is not null, cur.client_id, prev.client_id) as client_id,
  if(cur.client_id is not null, cur.country, prev.country) as country,
  ((ifnull(prev.days_seen_bits, 0) << 1) & 268435455) + ifnull(cur.days_seen_bits, 0) as days_seen_bits
from cur
full join prev on cur.client_id = prev.client_id
