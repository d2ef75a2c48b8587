-- RANGE counts days, ROWS would count rows. They differ as soon as a carrier does not fly every day
-- (SkyWest has 32 days in 2013), and only RANGE tells how far back a day really looks: rebuilding
-- one day reads seven days of carrier_day, never more.
{{ config(event_time='flight_date', batch_size='day') }}

select
    flight_date,
    carrier,
    cast(
        sum(flights) over (
            partition by carrier order by flight_date
            range between interval 6 days preceding and current row
        ) as bigint
    ) as flights_7d,
    -- A mean of daily means must weigh each day by what it is a mean of: the flights that departed.
    sum(mean_dep_delay * (flights - cancelled)) over (
        partition by carrier order by flight_date
        range between interval 6 days preceding and current row
    ) / nullif(
        sum(flights - cancelled) over (
            partition by carrier order by flight_date
            range between interval 6 days preceding and current row
        ), 0
    ) as mean_dep_delay_7d
from {{ ref('carrier_day') }}
