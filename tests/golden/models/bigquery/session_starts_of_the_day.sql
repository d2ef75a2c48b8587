-- partition: day DATE by day
-- input: raw.hits by ts (user_id STRING, ts TIMESTAMP)
-- read: raw.hits window ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: both windows have the day in PARTITION BY.
with gaps as (
  select user_id, ts, date(ts) as day,
    if(timestamp_diff(ts, lag(ts) over (partition by user_id, date(ts) order by ts), minute) >= 30
      or lag(ts) over (partition by user_id, date(ts) order by ts) is null, 1, 0) as is_start
  from {{ source('raw', 'hits') }}
)
select day, user_id, ts, sum(is_start) over (partition by user_id, day order by ts) as session_of_day
from gaps
