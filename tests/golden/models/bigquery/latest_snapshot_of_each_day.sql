-- partition: snapshot_date DATE by day
-- input: raw.snapshots by taken_at (account_id INT64, taken_at TIMESTAMP, balance NUMERIC)
-- read: raw.snapshots all, JOIN_NO_PARTITION_LINK
-- verdict: refuted
-- strategies: range chunk partition
-- because: that the latest moment lies on snapshot_date is known inside the CTE only: a demand goes down into
--   it, but no edge between two of its columns comes up, so the join by the moment has no link to the day.
with latest as (
  select account_id, date(taken_at) as snapshot_date, max(taken_at) as taken_at
  from {{ source('raw', 'snapshots') }}
  group by account_id, date(taken_at)
)

select l.snapshot_date, s.account_id, s.balance
from latest as l
join {{ source('raw', 'snapshots') }} as s
  on s.account_id = l.account_id
  and s.taken_at = l.taken_at
