-- partition: day date by day
-- input: tickets by opened_at (id bigint, opened_at timestamp, closed_at timestamp, priority text)
-- read: tickets window opened_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: FILTER only chooses within the group; the group is the day.
select
    opened_at::date as day,
    count(*) as opened,
    count(*) filter (where closed_at is not null) as closed,
    percentile_cont(0.5) within group (order by extract(epoch from closed_at - opened_at)) as median_seconds
from {{ ref('tickets') }}
group by 1
