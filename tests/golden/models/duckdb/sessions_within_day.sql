-- partition: session_date DATE by day
-- input: raw.page_views by viewed_at (user_id VARCHAR, page VARCHAR, viewed_at TIMESTAMP)
-- read: raw.page_views window viewed_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: both windows have the day among their PARTITION BY terms, so the demand on the day passes
--   (N_w keeps D0's bound of each PARTITION BY term) and ties are confined to one day; the cast to date
--   pulls [lo, hi) back to the same readings exactly.
with views as (
    select
        user_id,
        page,
        viewed_at,
        cast(viewed_at as date) as session_date,
        lag(viewed_at) over (
            partition by user_id, cast(viewed_at as date) order by viewed_at
        ) as previous_at
    from {{ source('raw', 'page_views') }}
),

numbered as (
    select
        *,
        sum(case when previous_at is null or viewed_at - previous_at > interval 30 minute then 1 else 0 end)
            over (partition by user_id, session_date order by viewed_at) as session_number
    from views
)

select session_date, user_id, session_number, min(viewed_at) as started_at, max(viewed_at) as ended_at, count(*) as views
from numbered
group by session_date, user_id, session_number
