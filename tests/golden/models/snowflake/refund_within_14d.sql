-- partition: ORDERED_ON DATE by day
-- input: orders by ORDERED_AT (ORDER_ID NUMBER, ORDERED_AT TIMESTAMP_NTZ)
-- input: refunds by REFUNDED_AT (ORDER_ID NUMBER, REFUNDED_AT TIMESTAMP_NTZ)
-- read: orders window ORDERED_AT 0..0
-- read: refunds window REFUNDED_AT 0..14
-- verdict: proven
-- strategies: range chunk partition
-- because: refunded_at lies in [ordered_at, ordered_at + 14 days), so up to 14 days after the day of p.
with o as (select order_id, ordered_at, ordered_at::date as ordered_on from {{ ref('orders') }}),
r as (select order_id, refunded_at from {{ ref('refunds') }})
select o.ordered_on, count(distinct o.order_id) as orders, count(distinct r.order_id) as refunded
from o
left join r on r.order_id = o.order_id
    and r.refunded_at >= o.ordered_at and r.refunded_at < dateadd('day', 14, o.ordered_at)
group by o.ordered_on
