-- partition: local_date DATE by day
-- input: raw.rides by started_at (ride_id BIGINT, started_at TIMESTAMPTZ, fare DOUBLE)
-- read: raw.rides window started_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the zone is named, so the local day is the instants between its midnights, by zoneinfo.
select cast(timezone('America/New_York', started_at) as date) as local_date, ride_id, fare
from {{ source('raw', 'rides') }}
