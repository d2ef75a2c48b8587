-- partition: event_date DATE by day
-- input: events by event_date (event_id BIGINT, event_date DATE)
-- input: this by event_date (event_id BIGINT, event_date DATE)
-- read: events window event_date 0..0
-- read: this past event_date ..-1
-- also: SELF_STATE
-- verdict: refuted
-- strategies: partition
-- because: the bound depends on what is already there, so the model's own past is read.
select event_id, event_date
from {{ ref('events') }}
where event_date > coalesce((select max(event_date) from {{ this }}), date '1970-01-01')
