-- partition: submission_date DATE by day
-- input: raw.pings by submission_timestamp (client_id STRING, submission_timestamp TIMESTAMP, country STRING)
-- read: raw.pings window submission_timestamp 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE(ts) = :day with DATE(ts) as p in the same scope: the column can stand for the bound
--   (Bounds as values), which leaves no condition at all.
select date(submission_timestamp) as submission_date, country, count(distinct client_id) as clients
from {{ source('raw', 'pings') }}
where date(submission_timestamp) = '{{ partition.start }}'
group by submission_date, country
