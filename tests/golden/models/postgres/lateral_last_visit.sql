-- partition: order_date date by day
-- input: orders by created_at (id bigint, user_id bigint, created_at timestamp)
-- input: visits by visited_at (user_id bigint, visited_at timestamp, channel text)
-- read: orders window created_at 0..0
-- read: visits window visited_at -7..0
-- also: TIES
-- verdict: unproven
-- strategies: range
-- because: the LIMIT inside LATERAL keeps the bounds of its own WHERE, seven days before the order; two
--   visits at one moment are chosen between by chance.
select o.id, o.created_at::date as order_date, v.channel
from {{ ref('orders') }} as o
left join lateral (
    select w.channel
    from {{ ref('visits') }} as w
    where w.user_id = o.user_id
        and w.visited_at <= o.created_at
        and w.visited_at >= o.created_at - interval '7 days'
    order by w.visited_at desc
    limit 1
) as v on true
