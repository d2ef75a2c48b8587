-- partition: event_date date by day
-- input: app.events by occurred_at (id bigint, user_id bigint, occurred_at timestamptz)
-- read: app.events window occurred_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the cast goes through the session's zone, which the run pins to UTC.
select occurred_at::date as event_date, user_id, count(*) as events
from {{ source('app', 'events') }}
group by 1, 2
