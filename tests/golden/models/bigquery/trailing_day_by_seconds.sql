-- partition: event_hour TIMESTAMP by hour
-- input: raw.logins by logged_in_at (user_id STRING, logged_in_at TIMESTAMP)
-- read: raw.logins window logged_in_at -24..0
-- verdict: proven
-- strategies: range chunk partition
-- because: UNIX_SECONDS is an integer that the SQL builds itself; the frame is a day of seconds, so 24
--   hours back.
select
  timestamp_trunc(logged_in_at, hour) as event_hour,
  user_id,
  count(*) over (
    partition by user_id order by unix_seconds(logged_in_at)
    range between 86400 preceding and current row
  ) as logins_24h
from {{ source('raw', 'logins') }}
