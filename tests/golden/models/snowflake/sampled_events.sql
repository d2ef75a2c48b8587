-- partition: event_date DATE by day
-- input: events by event_date (user_id NUMBER, event_date DATE)
-- read: events unknown, SAMPLE
-- verdict: unproven
-- strategies: range
-- because: a sample differs from run to run; by block nothing transfers.
-- run: no (a sample)
select user_id, event_date
from {{ ref('events') }} sample system (10)
