-- partition: business_date DATE by day
-- input: raw.shifts by started_at (shift_id NUMBER, started_at TIMESTAMP_NTZ, hours FLOAT)
-- read: raw.shifts window started_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: IFF gives the hull of its arms: the day of the reading, or the day before.
select
    shift_id,
    hours,
    iff(hour(started_at) < 4, dateadd(day, -1, started_at::date), started_at::date) as business_date
from {{ source('raw', 'shifts') }}
