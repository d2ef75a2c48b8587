-- partition: event_date DATE by day
-- input: raw.events by event_date (event_id VARCHAR, event_date DATE, _loaded_at TIMESTAMP_NTZ)
-- read: raw.events all, WINDOW_OMITS_P
-- also: TIES
-- verdict: refuted
-- strategies: range
-- because: PARTITION BY omits the date and the load time is not tied to it; equal load times are chosen
--   between by chance, and the choice decides which date is kept.
select event_id, event_date, _loaded_at
from {{ source('raw', 'events') }}
qualify row_number() over (partition by event_id order by _loaded_at desc) = 1
