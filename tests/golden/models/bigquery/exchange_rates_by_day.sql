-- partition: order_date DATE by day
-- input: orders by ordered_at (order_id STRING, currency STRING, ordered_at TIMESTAMP, amount NUMERIC)
-- input: rates by rate_date (currency STRING, rate_date DATE, rate FLOAT64)
-- read: orders window ordered_at 0..0
-- read: rates window rate_date -1..-1
-- verdict: proven
-- strategies: range chunk partition
-- because: the rate of the day before, by equality with DATE_SUB of the order's date.
select date(o.ordered_at) as order_date, o.order_id, o.amount * r.rate as amount_usd
from {{ ref('orders') }} as o
left join {{ ref('rates') }} as r
  on r.currency = o.currency
  and r.rate_date = date_sub(date(o.ordered_at), interval 1 day)
