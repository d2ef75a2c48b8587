-- partition: slot TIMESTAMP_NTZ by 15 minutes
-- input: raw.pings by pinged_at (device_id NUMBER, pinged_at TIMESTAMP_NTZ)
-- read: raw.pings unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: TIME_SLICE is not in the table of edges.
select time_slice(pinged_at, 15, 'minute') as slot, count(distinct device_id) as devices
from {{ source('raw', 'pings') }}
group by 1
