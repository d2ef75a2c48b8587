-- partition: business_date DATE by day
-- input: raw.shifts by started_at (shift_id INT64, started_at DATETIME, hours FLOAT64)
-- read: raw.shifts window started_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: IF gives the hull of its arms.
select
  shift_id,
  hours,
  if(extract(hour from started_at) < 4, date_sub(date(started_at), interval 1 day), date(started_at)) as business_date
from {{ source('raw', 'shifts') }}
