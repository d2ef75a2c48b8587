-- partition: day DATE by day
-- input: raw.visits by visited_at (user_id STRING, visited_at TIMESTAMP_NTZ, channel STRING) unique user_id visited_at
-- read: raw.visits window visited_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the day is in PARTITION BY.
select distinct to_date(visited_at) as day, user_id,
    first_value(channel, true) over (partition by user_id, to_date(visited_at) order by visited_at) as first_channel
from {{ source('raw', 'visits') }}
