-- partition: day DATE by day
-- input: daily_users by activity_date (user_id VARCHAR, activity_date DATE)
-- read: daily_users window activity_date -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: p = COALESCE(t1, t2) with t1 = t2 in ON, for any terms: `cur.d` and `prev.d + 1`.
select
    coalesce(cur.activity_date, prev.activity_date + 1) as day,
    coalesce(cur.user_id, prev.user_id) as user_id,
    cur.user_id is null as has_left,
    prev.user_id is null as has_come
from {{ ref('daily_users') }} as cur
full join {{ ref('daily_users') }} as prev
    on cur.user_id = prev.user_id
    and cur.activity_date = prev.activity_date + 1
