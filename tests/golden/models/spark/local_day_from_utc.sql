-- partition: local_date DATE by day
-- input: raw.rides by started_at (ride_id STRING, started_at TIMESTAMP, fare DOUBLE)
-- read: raw.rides window started_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: FROM_UTC_TIMESTAMP with a named zone moves the clock by a known zone: a New York day is the
--   instants between its midnights.
-- run: no (FROM_UTC_TIMESTAMP is transpiled otherwise)
SELECT to_date(from_utc_timestamp(started_at, 'America/New_York')) AS local_date, ride_id, fare
FROM {{ source('raw', 'rides') }}
