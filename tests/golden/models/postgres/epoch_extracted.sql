-- partition: event_hour timestamp by hour
-- input: app.clicks by clicked_s (id bigint, clicked_s bigint~epoch_s)
-- read: app.clicks window clicked_s 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: to_timestamp() of seconds since 1970 is a monotone re-encoding, exact for every integer that is a
--   moment; UTC's clock and truncation to the hour are exact too.
select date_trunc('hour', to_timestamp(clicked_s) at time zone 'UTC') as event_hour, count(*) as clicks
from {{ source('app', 'clicks') }}
group by 1
