-- partition: slot TIMESTAMP by 15 minutes
-- input: raw.readings by read_at (sensor VARCHAR, read_at TIMESTAMP, value INTEGER)
-- read: raw.readings window read_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: fifteen minutes divide an hour, and time_bucket counts from midnight.
select time_bucket(interval '15 minutes', read_at) as slot, sensor, max(value) as highest
from {{ source('raw', 'readings') }}
group by 1, 2
