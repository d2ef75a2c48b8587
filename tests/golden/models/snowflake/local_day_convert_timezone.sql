-- partition: local_date DATE by day
-- input: raw.rides by started_at (ride_id NUMBER, started_at TIMESTAMP_NTZ, fare FLOAT)
-- read: raw.rides window started_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: CONVERT_TIMEZONE from UTC to a named zone is two known zone changes: a New York day is the UTC
--   readings between its midnights. Its offset in the output's days is 0 to +1, since the local day ends
--   on the next UTC day.
select
    ride_id,
    convert_timezone('UTC', 'America/New_York', started_at)::date as local_date,
    fare
from {{ source('raw', 'rides') }}
