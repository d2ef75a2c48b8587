-- partition: visit_date DATE by day
-- input: visits by visited_at (user_id VARCHAR, visited_at TIMESTAMP, country VARCHAR)
-- read: visits window visited_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: DISTINCT is GROUP BY of all outputs, and the day is one of them.
select distinct visited_at::date as visit_date, user_id, country
from {{ ref('visits') }}
