-- partition: submission_date DATE by day
-- input: raw.pings by submission_timestamp (client_id STRING, submission_timestamp TIMESTAMP, country STRING)
-- read: raw.pings window submission_timestamp 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: T2: the query needs the instants of [start, end), and that is what the author reads.
select date(submission_timestamp) as submission_date, country, count(distinct client_id) as clients
from {{ source('raw', 'pings') }}
where submission_timestamp >= timestamp('{{ partition.start }}')
  and submission_timestamp < timestamp('{{ partition.end }}')
group by 1, 2
