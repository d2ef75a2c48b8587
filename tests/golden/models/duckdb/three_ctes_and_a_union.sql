-- partition: day DATE by day
-- input: impressions by shown_at (campaign VARCHAR, shown_at TIMESTAMP)
-- input: clicks by clicked_at (campaign VARCHAR, clicked_at TIMESTAMP)
-- read: impressions window shown_at 0..0
-- read: clicks window clicked_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the demand goes through the outer aggregation, each arm, each CTE's own grouping, to the columns.
with shown as (
    select shown_at::date as day, campaign, count(*) as shown
    from {{ ref('impressions') }}
    group by all
),

clicked as (
    select clicked_at::date as day, campaign, count(*) as clicked
    from {{ ref('clicks') }}
    group by all
),

together as (
    select day, campaign, shown, 0 as clicked from shown
    union all
    select day, campaign, 0, clicked from clicked
)

select day, campaign, sum(shown) as shown, sum(clicked) as clicked
from together
group by day, campaign
having sum(shown) > 0
