-- partition: submission_date DATE by day
-- input: events by event_date (user_id VARCHAR, event_date DATE)
-- input: this by submission_date (user_id VARCHAR, submission_date DATE, days_seen_bits INTEGER)
-- read: events window event_date 0..0
-- read: this window submission_date -1..-1
-- also: SELF_STATE
-- verdict: refuted
-- strategies: partition
-- because: 28 bits are yesterday's bits shifted, with today's: the author's own bound on the model's own
--   table is stricter than the enforced past and is kept; the bound is a value too, but a model that reads
--   itself runs a partition at a time anyway.
with today as (
    select distinct user_id
    from {{ ref('events') }}
    where event_date = date '{{ partition.start }}'
),

yesterday as (
    select user_id, days_seen_bits
    from {{ this }}
    where submission_date = date '{{ partition.start }}' - interval 1 day
)

select
    date '{{ partition.start }}' as submission_date,
    coalesce(t.user_id, y.user_id) as user_id,
    ((coalesce(y.days_seen_bits, 0) << 1) & 268435455) | (t.user_id is not null)::int as days_seen_bits
from today as t
full join yesterday as y on t.user_id = y.user_id
