-- partition: first_seen_date DATE by day
-- input: clients_daily by submission_date (client_id STRING, submission_date DATE, country STRING)
-- input: this by first_seen_date (client_id STRING, first_seen_date DATE, country STRING)
-- read: clients_daily window submission_date 0..0
-- read: this past first_seen_date ..-1
-- also: SELF_STATE
-- verdict: refuted
-- strategies: partition
-- because: the anti-join is with the model's own rows before the day, as the author says too; today's
--   clients are the day's own.
with today as (
  select submission_date, client_id, any_value(country) as country
  from {{ ref('clients_daily') }}
  where submission_date = '{{ partition.start }}'
  group by submission_date, client_id
)

select t.client_id, t.submission_date as first_seen_date, t.country
from today as t
left join {{ this }} as seen
  on seen.client_id = t.client_id and seen.first_seen_date < '{{ partition.start }}'
where seen.client_id is null
