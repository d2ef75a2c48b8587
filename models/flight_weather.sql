{{ config(event_time='flight_date', batch_size='day') }}

select
    f.flight_date,
    f.time_hour,
    f.carrier,
    f.flight,
    f.tailnum,
    f.origin,
    f.dest,
    f.sched_dep_time,
    f.dep_delay,
    f.arr_delay,
    f.air_time,
    f.distance,
    f.is_cancelled,
    w.temp,
    w.wind_speed,
    w.precip,
    w.visib
from {{ ref('flights') }} as f
left join {{ source('nyc', 'weather') }} as w
    on f.origin = w.origin
    and f.time_hour = w.time_hour
    -- True whenever the line above is, so it changes no row. But it tells sqlbackfill (and the next
    -- reader) that a day of flights needs a day of weather, where otherwise all of it would be read.
    and f.flight_date = {{ new_york_date('w.time_hour') }}
