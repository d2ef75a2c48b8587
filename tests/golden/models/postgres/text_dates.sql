-- partition: event_date date by day
-- input: app.imports by event_day (id bigint, event_day text~date_text)
-- read: app.imports unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: a cast of raw text takes '2024-1-5' and ' 2024-01-05' too, which no range of texts holds.
select event_day::date as event_date, count(*) as imported
from {{ source('app', 'imports') }}
group by 1
