-- partition: session_date DATE by day
-- input: raw.page_views by viewed_at (user_id VARCHAR, page VARCHAR, viewed_at TIMESTAMP)
-- read: raw.page_views all, WINDOW_OMITS_P
-- verdict: refuted
-- strategies: range chunk partition
-- because: the running sum needs (-inf, hi) and rows whose key is NULL; the lag() of such a row may be any
--   row's, and nothing transfers out of an interval with nulls, so everything. The order key determines
--   the day, so ties stay within one day and any strategy is right with injection.
with views as (
    select
        user_id,
        viewed_at,
        lag(viewed_at) over (partition by user_id order by viewed_at) as previous_at
    from {{ source('raw', 'page_views') }}
)

select
    user_id,
    viewed_at,
    cast(viewed_at as date) as session_date,
    sum(case when previous_at is null or viewed_at - previous_at > interval 30 minute then 1 else 0 end)
        over (partition by user_id order by viewed_at) as session_number
from views
