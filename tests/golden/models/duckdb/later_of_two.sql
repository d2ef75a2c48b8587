-- partition: changed_on DATE by day
-- input: raw.accounts by created_at (account_id BIGINT, created_at TIMESTAMP, updated_at TIMESTAMP)
-- read: raw.accounts unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: GREATEST has no edge: an account made long ago may have been changed on the day.
select account_id, greatest(created_at, updated_at)::date as changed_on
from {{ source('raw', 'accounts') }}
