-- partition: day date by day
-- input: memberships by day (day date, user_id bigint)
-- read: memberships window day -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: EXCEPT passes the demand to both arms by position; the second shows day + 1.
select day, user_id from {{ ref('memberships') }}
except
select day + 1, user_id from {{ ref('memberships') }}
