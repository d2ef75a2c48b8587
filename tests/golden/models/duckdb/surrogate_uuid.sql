-- partition: event_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE)
-- read: events window event_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: uuid() as a plain output changes nothing about which rows there are.
-- run: no (it gives other values each time)
select uuid() as row_id, event_date, user_id
from {{ ref('events') }}
