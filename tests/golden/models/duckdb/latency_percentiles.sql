-- partition: request_hour TIMESTAMP by hour
-- input: raw.requests by requested_at (path VARCHAR, requested_at TIMESTAMP, latency_ms DOUBLE)
-- read: raw.requests window requested_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the hour is GROUP BY's key; truncation pulls [lo, hi) back to [ceil lo, ceil hi), which are the
--   hour's own ends.
select
    date_trunc('hour', requested_at) as request_hour,
    path,
    quantile_cont(latency_ms, 0.5) as p50,
    quantile_cont(latency_ms, 0.99) as p99,
    count(*) as requests
from {{ source('raw', 'requests') }}
group by all
