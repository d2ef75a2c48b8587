-- partition: business_date DATE by day
-- input: raw.rides by started_at (ride_id BIGINT, started_at TIMESTAMP, fare DOUBLE)
-- read: raw.rides window started_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: the clock is moved by six hours before the cast: readings from lo + 6 h to hi + 6 h, so the day and
--   the first hours of the next.
select cast(started_at - interval 6 hour as date) as business_date, count(*) as rides, sum(fare) as fares
from {{ source('raw', 'rides') }}
group by 1
