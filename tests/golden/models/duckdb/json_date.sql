-- partition: event_date DATE by day
-- input: raw.events by received_at (event_id BIGINT, received_at TIMESTAMP, payload JSON~json)
-- read: raw.events unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: a date out of raw text has no edge, and nothing ties it to when the event was received.
select event_id, cast(payload ->> '$.day' as date) as event_date, payload ->> '$.country' as country
from {{ source('raw', 'events') }}
