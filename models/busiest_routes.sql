-- Ranking within each day. The day is in PARTITION BY, so no day's places depend on another day; and
-- ties are broken by name, so that the same flights always give the same ten rows.
{{ config(event_time='flight_date', batch_size='day') }}

with routes as (
    select
        flight_date,
        origin,
        dest,
        count(*) as flights
    from {{ ref('flights') }}
    group by flight_date, origin, dest
),

ranked as (
    select
        flight_date,
        row_number() over (
            partition by flight_date order by flights desc, origin, dest
        ) as place,
        origin,
        dest,
        flights
    from routes
)

select
    flight_date,
    place,
    origin,
    dest,
    flights
from ranked
where place <= 10
