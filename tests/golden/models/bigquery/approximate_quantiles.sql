-- partition: day DATE by day
-- input: raw.timings by measured_at (page STRING, measured_at TIMESTAMP, ms FLOAT64)
-- read: raw.timings window measured_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an aggregate within GROUP BY of the day.
-- run: no (approximate)
select date(measured_at) as day, page, approx_quantiles(ms, 100)[offset(95)] as p95
from {{ source('raw', 'timings') }}
group by day, page
