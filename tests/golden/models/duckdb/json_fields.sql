-- partition: event_date DATE by day
-- input: raw.events by received_at (event_id BIGINT, received_at TIMESTAMP, payload JSON~json)
-- read: raw.events window received_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the JSON is only shown; the day comes from a typed column.
select
    event_id,
    received_at::date as event_date,
    payload ->> '$.country' as country,
    json_extract_string(payload, '$.value') as value
from {{ source('raw', 'events') }}
where payload ->> '$.country' is not null
