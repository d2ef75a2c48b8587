-- partition: event_date date by day
-- input: app.events by received_at (id bigint, received_at timestamp, body jsonb~json)
-- read: app.events window received_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the document's fields are shown and filtered; the day is of a typed column.
select id, received_at::date as event_date, body ->> 'country' as country
from {{ source('app', 'events') }}
where (body ->> 'country') = 'a'
