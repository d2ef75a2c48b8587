-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE)
-- input: campaign_days by day (day DATE, campaign VARCHAR)
-- read: events window event_date 0..0
-- read: campaign_days window day 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: IN as a conjunct ties the list to the event's day.
select event_date, user_id
from {{ ref('events') }}
where event_date in (select day from {{ ref('campaign_days') }} where campaign = 'a')
