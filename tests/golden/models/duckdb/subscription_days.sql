-- partition: day DATE by day
-- input: subscriptions by started_on (id BIGINT, started_on DATE, ended_on DATE, plan VARCHAR)
-- read: subscriptions past started_on ..0, P_FROM_UNNEST
-- verdict: refuted
-- strategies: range chunk partition
-- because: a day of a subscription is not before its start, but may be any number of days after it.
select cast(g.day as date) as day, s.plan, count(*) as active
from {{ ref('subscriptions') }} as s,
    generate_series(s.started_on, coalesce(s.ended_on, date '2024-12-31'), interval 1 day) as g(day)
group by all
