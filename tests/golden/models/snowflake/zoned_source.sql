-- partition: event_date DATE by day
-- input: raw.events by occurred_at (id NUMBER, occurred_at TIMESTAMP_TZ, kind VARCHAR)
-- read: raw.events window occurred_at -2..2
-- verdict: proven
-- strategies: range chunk partition
-- because: TIMESTAMP_TZ shows the date of the row's own offset, which is not known: 26 hours each way.
-- run: no (DuckDB has no such type)
select occurred_at::date as event_date, kind, count(*) as events
from {{ source('raw', 'events') }}
group by 1, 2
