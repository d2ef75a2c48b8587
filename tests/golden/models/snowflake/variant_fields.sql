-- partition: event_date DATE by day
-- input: raw.events by received_at (id NUMBER, received_at TIMESTAMP_NTZ, payload VARIANT)
-- read: raw.events window received_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: fields of the VARIANT are only shown and filtered on; the day is of a typed column.
-- run: no (VARIANT)
select
    id,
    received_at::date as event_date,
    payload:user.country::string as country,
    try_cast(payload:amount::string as number(12, 2)) as amount,
    iff(payload:is_test::boolean, 'test', 'real') as kind
from {{ source('raw', 'events') }}
where payload:type::string = 'purchase'
