-- partition: session_date DATE by day
-- input: raw.sessions by started_at (session_id STRING, user_id STRING, started_at TIMESTAMP, device STRING)
-- read: raw.sessions window started_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DATE(ts) is the UTC date of an instant: the day's instants exactly, and GROUP BY's first key.
select
  date(started_at) as session_date,
  device,
  count(distinct user_id) as users,
  countif(user_id is null) as anonymous
from {{ source('raw', 'sessions') }}
group by session_date, device
