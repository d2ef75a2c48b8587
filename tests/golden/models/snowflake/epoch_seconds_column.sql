-- partition: event_date DATE by day
-- input: raw.tracks by ts (id NUMBER, ts NUMBER(38, 0)~epoch_s, name VARCHAR)
-- read: raw.tracks window ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: seconds since 1970 are a monotone re-encoding of a moment.
-- run: no (integers of 38 digits)
select to_timestamp_ntz(ts)::date as event_date, id, name
from {{ source('raw', 'tracks') }}
