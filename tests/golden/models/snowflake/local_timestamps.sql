-- partition: event_date DATE by day
-- input: raw.events by occurred_at (id NUMBER, occurred_at TIMESTAMP_LTZ, kind VARCHAR)
-- read: raw.events window occurred_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: TIMESTAMP_LTZ goes through the session's zone, which the run pins to UTC.
select to_date(occurred_at) as event_date, kind, count(*) as events
from {{ source('raw', 'events') }}
group by 1, 2
