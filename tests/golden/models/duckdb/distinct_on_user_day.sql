-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE, platform VARCHAR, event_ts TIMESTAMP)
-- read: events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DISTINCT ON is PARTITION BY its keys, and the day is one of them.
select distinct on (event_date, user_id) event_date, user_id, platform, event_ts
from {{ ref('events') }}
order by event_date, user_id, event_ts desc
