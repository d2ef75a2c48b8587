-- partition: event_day DATE by day
-- input: ga4.events by event_timestamp (event_timestamp INT64~epoch_us, event_name STRING, user_pseudo_id STRING)
-- read: ga4.events window event_timestamp 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: microseconds since 1970 are a monotone re-encoding of an instant, exact for any integer.
select
  date(timestamp_micros(event_timestamp)) as event_day,
  event_name,
  count(*) as events,
  count(distinct user_pseudo_id) as users
from {{ source('ga4', 'events') }}
group by 1, 2
