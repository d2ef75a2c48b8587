-- partition: click_date DATE by day
-- input: raw.clicks by clicked_at (click_id STRING, user_id STRING, clicked_at TIMESTAMP)
-- input: raw.purchases by purchased_at (user_id STRING, purchased_at TIMESTAMP, amount NUMERIC)
-- read: raw.clicks window clicked_at 0..0
-- read: raw.purchases window purchased_at 0..1
-- verdict: proven
-- strategies: range chunk partition
-- because: TIMESTAMP_ADD by 24 hours: purchases until the end of the next day.
select
  date(c.clicked_at) as click_date,
  c.click_id,
  p.amount
from {{ source('raw', 'clicks') }} as c
left join {{ source('raw', 'purchases') }} as p
  on p.user_id = c.user_id
  and p.purchased_at >= c.clicked_at
  and p.purchased_at < timestamp_add(c.clicked_at, interval 24 hour)
