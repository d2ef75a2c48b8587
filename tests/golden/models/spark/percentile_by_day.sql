-- partition: day DATE by day
-- input: raw.timings by measured_at (page STRING, measured_at TIMESTAMP, ms DOUBLE)
-- read: raw.timings window measured_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an aggregate within the group of the day.
-- run: no (approximate)
SELECT to_date(measured_at) AS day, page, percentile_approx(ms, 0.95) AS p95, collect_set(page) AS pages
FROM {{ source('raw', 'timings') }}
GROUP BY to_date(measured_at), page
