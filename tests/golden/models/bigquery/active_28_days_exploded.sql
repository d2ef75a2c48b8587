-- partition: active_day DATE by day
-- input: events by event_date (user_id STRING, event_date DATE)
-- read: events window event_date -27..0
-- verdict: proven
-- strategies: range chunk partition
-- because: an element of GENERATE_DATE_ARRAY lies between its ends, so event_date <= active_day <= event_date + 27.
select active_day, count(distinct user_id) as users_28d
from {{ ref('events') }}, unnest(generate_date_array(event_date, date_add(event_date, interval 27 day))) as active_day
group by active_day
