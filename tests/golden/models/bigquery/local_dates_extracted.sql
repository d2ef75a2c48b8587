-- partition: local_date DATE by day
-- input: raw.rides by started_at (ride_id STRING, started_at TIMESTAMP, fare NUMERIC)
-- read: raw.rides window started_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (not transpiled)
-- because: EXTRACT(DATE FROM ts AT TIME ZONE zone) is the local day of a known zone.
select extract(date from started_at at time zone 'Europe/Berlin') as local_date, ride_id, fare
from {{ source('raw', 'rides') }}
