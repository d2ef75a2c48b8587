-- partition: SLOT TIMESTAMP_NTZ by hour
-- input: raw.readings by READ_AT (SENSOR VARCHAR, READ_AT TIMESTAMP_NTZ, VALUE NUMBER)
-- read: raw.readings window READ_AT 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (time_slice is not transpiled)
-- because: a quarter of an hour begins in the hour that it lies in.
select time_slice(read_at, 15, 'MINUTE') as slot, sensor, max(value) as highest
from {{ source('raw', 'readings') }}
group by 1, 2
