-- partition: submission_date DATE by day
-- input: raw.pings by submission_timestamp (document_id STRING, submission_timestamp TIMESTAMP, client_id STRING)
-- read: raw.pings window submission_timestamp 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the day is PARTITION BY's term, the same expression as p.
select date(submission_timestamp) as submission_date, document_id, client_id
from {{ source('raw', 'pings') }}
where true
qualify row_number() over (
  partition by date(submission_timestamp), document_id order by submission_timestamp
) = 1
