-- partition: slot TIMESTAMP_NTZ by 15 minutes
-- input: raw.pings by pinged_at (device_id NUMBER, pinged_at TIMESTAMP_NTZ)
-- read: raw.pings window pinged_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: slices of a quarter of an hour count from midnight, as the partitions do.
select time_slice(pinged_at, 15, 'minute') as slot, count(distinct device_id) as devices
from {{ source('raw', 'pings') }}
group by 1
