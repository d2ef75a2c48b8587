-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id STRING, event_date DATE)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an arm of an OR that is constant false for the render is dropped: a printed bound is never NULL.
--   What is left is T2's own bound.
select event_date, count(*) as events
from {{ source('raw', 'events') }}
where ('{{ partition.start }}' is null or event_date >= '{{ partition.start }}')
  and event_date < '{{ partition.end }}'
group by event_date
