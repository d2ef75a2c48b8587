-- partition: slot TIMESTAMP by hour
-- input: raw.readings by read_at (sensor TEXT, read_at TIMESTAMP, value INTEGER)
-- read: raw.readings window read_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (date_bin is not transpiled)
-- because: a quarter of an hour begins in the hour that it lies in: bins count from a midnight.
select date_bin('15 minutes', read_at, timestamp '2000-01-01') as slot, sensor, max(value) as highest
from {{ source('raw', 'readings') }}
group by 1, 2
