-- Note what is *not* here: no "where flight_date = ...", no loop over days. A model says what the
-- table is for all of history. sqlbackfill sees that flight_date comes from time_hour, turns the day
-- 2013-01-05 into the hours from 05:00 UTC to 05:00 UTC, and puts that filter onto the Parquet file.
{{ config(event_time='flight_date', batch_size='day') }}

select
    {{ new_york_date('time_hour') }} as flight_date,
    time_hour,
    carrier,
    flight,
    tailnum,
    origin,
    dest,
    sched_dep_time,
    dep_delay,
    arr_delay,
    air_time,
    distance,
    dep_time is null as is_cancelled
from {{ source('nyc', 'flights') }}
