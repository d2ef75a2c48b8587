-- Each day is computed from its own flights alone, so a year may be one query: the grouping names
-- the partition column.
{{ config(event_time='flight_date', batch_size='day') }}

select
    flight_date,
    carrier,
    count(*) as flights,
    count(*) filter (where is_cancelled) as cancelled,
    -- avg() leaves out NULLs, and a cancelled flight has no delay: these are means over the flights
    -- that departed, and over those that arrived, NULL where there were none.
    avg(dep_delay) as mean_dep_delay,
    avg(arr_delay) as mean_arr_delay
from {{ ref('flights') }}
group by flight_date, carrier
