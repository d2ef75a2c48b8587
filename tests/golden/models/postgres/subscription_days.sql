-- partition: day DATE by day
-- input: subscriptions by started_on (id BIGINT, started_on DATE, ended_on DATE)
-- read: subscriptions past started_on ..0, P_FROM_UNNEST
-- verdict: refuted
-- strategies: range chunk partition
-- because: a day of a subscription is not before its start, but may be any number of days after it.
select g.day::date as day, count(*) as active
from {{ ref('subscriptions') }} s
cross join lateral generate_series(s.started_on, coalesce(s.ended_on, date '2024-12-31'), interval '1 day') as g(day)
group by 1
