-- partition: event_date DATE by day
-- input: events by event_date (user_id NUMBER, event_date DATE, event_ts TIMESTAMP_NTZ, kind VARCHAR)
-- read: events unknown, UNKNOWN_NODE
-- verdict: unproven
-- strategies: range
-- because: MATCH_RECOGNIZE is not named in the whitelist.
-- run: no (DuckDB has none)
select user_id, event_date, match_number
from {{ ref('events') }}
    match_recognize (
        partition by user_id
        order by event_ts
        measures match_number() as match_number, first(event_date) as event_date
        one row per match
        pattern (view buy)
        define view as kind = 'view', buy as kind = 'buy'
    )
