-- Weekly from a daily model. The grain stands under meta because dbt's batch_size has no week.
-- A model's own `meta.sqlbackfill` takes the place of the project's, hence `end` once more.
{{ config(
    event_time='week_start',
    meta={'sqlbackfill': {'grain': 'week', 'end': '2014-01-01'}},
) }}

select
    cast(date_trunc('week', flight_date) as date) as week_start,
    origin,
    count(*) as flights,
    count(*) filter (where is_cancelled) / count(*) as share_cancelled
from {{ ref('flights') }}
group by week_start, origin
