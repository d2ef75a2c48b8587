-- partition: event_day DATE by day
-- input: ga4.events by event_ts (event_ts TIMESTAMP, event_name STRING, event_params ARRAY<STRUCT<key STRING, value STRING>>)
-- read: ga4.events window event_ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the scalar subquery reads only the row's own list: row-wise, and p comes from the row.
-- run: no (lists of structs)
select
  date(event_ts) as event_day,
  event_name,
  (select p.value from unnest(event_params) as p where p.key = 'page_location') as page
from {{ source('ga4', 'events') }}
