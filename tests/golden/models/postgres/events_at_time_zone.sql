-- partition: local_date date by day
-- input: app.events by occurred_at (id bigint, user_id bigint, occurred_at timestamptz)
-- read: app.events window occurred_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: AT TIME ZONE on an instant gives the readings of a known clock; the local day is the instants
--   between its midnights.
select (occurred_at at time zone 'Europe/Berlin')::date as local_date, count(distinct user_id) as users
from {{ source('app', 'events') }}
group by 1
