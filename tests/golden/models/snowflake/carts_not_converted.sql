-- partition: cart_date DATE by day
-- input: carts by created_at (cart_id NUMBER, user_id NUMBER, created_at TIMESTAMP_NTZ)
-- input: checkouts by checked_out_at (cart_id NUMBER, checked_out_at TIMESTAMP_NTZ)
-- read: carts window created_at 0..0
-- read: checkouts window checked_out_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: NOT EXISTS takes its bounds from the correlation: [created_at, created_at + 24 h).
select c.cart_id, c.user_id, c.created_at::date as cart_date
from {{ ref('carts') }} as c
where not exists (
    select 1
    from {{ ref('checkouts') }} as k
    where k.cart_id = c.cart_id
        and k.checked_out_at >= c.created_at
        and k.checked_out_at < dateadd(hour, 24, c.created_at)
)
