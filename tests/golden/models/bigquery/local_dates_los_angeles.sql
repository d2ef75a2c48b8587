-- partition: local_date DATE by day
-- input: raw.rides by started_at (ride_id STRING, started_at TIMESTAMP, fare NUMERIC)
-- read: raw.rides window started_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE(ts, zone) is the local day of a known zone: the instants between its midnights.
select date(started_at, 'America/Los_Angeles') as local_date, count(*) as rides, sum(fare) as fares
from {{ source('raw', 'rides') }}
group by local_date
