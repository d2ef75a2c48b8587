-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id STRING, event_date DATE, ip STRING, country STRING)
-- read: raw.events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: EXCEPT and REPLACE leave the date as it is.
select * except (ip) replace (upper(country) as country)
from {{ source('raw', 'events') }}
