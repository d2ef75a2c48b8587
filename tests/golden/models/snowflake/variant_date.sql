-- partition: event_date DATE by day
-- input: raw.events by received_at (id NUMBER, received_at TIMESTAMP_NTZ, payload VARIANT)
-- read: raw.events unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: the date is read from raw text.
-- run: no (VARIANT)
select id, to_date(payload:occurred_on::string) as event_date, payload:type::string as type
from {{ source('raw', 'events') }}
