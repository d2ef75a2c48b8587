-- partition: event_ts TIMESTAMP by hour
-- input: raw.events by event_ts (event_id BIGINT, event_ts TIMESTAMP, payload VARCHAR)
-- read: raw.events window event_ts 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: is_incremental() is false in analysis: the query for all of history is what counts.
select event_id, event_ts, payload
from {{ source('raw', 'events') }}
{% if is_incremental() %}
where event_ts > (select max(event_ts) from {{ this }})
{% endif %}
