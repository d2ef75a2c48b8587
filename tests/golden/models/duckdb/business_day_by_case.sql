-- partition: business_date DATE by day
-- input: raw.rides by started_at (ride_id BIGINT, started_at TIMESTAMP, fare DOUBLE)
-- read: raw.rides window started_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: CASE gives the hull of its arms: the reading's day, or the day before it.
select
    ride_id,
    fare,
    case when hour(started_at) < 6 then started_at::date - 1 else started_at::date end as business_date
from {{ source('raw', 'rides') }}
