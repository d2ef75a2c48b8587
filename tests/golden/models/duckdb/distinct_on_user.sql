-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE, platform VARCHAR, event_ts TIMESTAMP)
-- read: events all, DEDUP_ACROSS_P
-- also: TIES
-- verdict: refuted
-- strategies: range
-- because: DISTINCT ON (user_id) compares a user's rows of every day, and which of two equal ones stays
--   is chance.
-- run: no (a row is chosen among equal ones)
select distinct on (user_id) user_id, event_date, platform
from {{ ref('events') }}
order by user_id, event_date
