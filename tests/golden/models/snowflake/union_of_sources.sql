-- partition: day DATE by day
-- input: app_events by event_ts (user_id VARCHAR, event_ts TIMESTAMP_NTZ, name VARCHAR)
-- input: web_events by event_date (visitor VARCHAR, event_date DATE, page VARCHAR)
-- input: email_events by sent_on (recipient VARCHAR, sent_on DATE, subject VARCHAR)
-- read: app_events window event_ts 0..0
-- read: web_events window event_date 0..0
-- read: email_events window sent_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: each arm by position, each with its own date column.
with unioned as (
    select user_id, event_ts::date as day, name as what, 'app' as source from {{ ref('app_events') }}
    union all
    select visitor, event_date, page, 'web' from {{ ref('web_events') }}
    union all
    select recipient, sent_on, subject, 'email' from {{ ref('email_events') }}
)

select day, source, count(*) as events, count(distinct user_id) as users
from unioned
group by day, source
