-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id STRING, event_date DATE, loaded_at TIMESTAMP, payload STRING)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (not transpiled)
-- because: the array is chosen within (day, id), GROUP BY's keys: the choice is confined to the day.
select
  event_date,
  event_id,
  array_agg(payload order by loaded_at desc limit 1)[offset(0)] as payload
from {{ source('raw', 'events') }}
group by event_date, event_id
