create table flights as
select
    cast(timezone('America/New_York', time_hour) as date) as flight_date,
    time_hour, carrier, flight, tailnum, origin, dest, sched_dep_time, dep_delay, arr_delay,
    air_time, distance, dep_time is null as is_cancelled
from read_parquet('data/flights.parquet');

create table flight_weather as
select f.*, w.temp, w.wind_speed, w.precip, w.visib
from flights f
left join read_parquet('data/weather.parquet') w
    on f.origin = w.origin and f.time_hour = w.time_hour;

create table carrier_day as
select
    flight_date, carrier, count(*) as flights, count(*) filter (where is_cancelled) as cancelled,
    avg(dep_delay) as mean_dep_delay, avg(arr_delay) as mean_arr_delay
from flights
group by all;

create table carrier_trailing_7d as
select
    flight_date, carrier,
    cast(sum(flights) over week as bigint) as flights_7d,
    sum(mean_dep_delay * (flights - cancelled)) over week
        / nullif(sum(flights - cancelled) over week, 0) as mean_dep_delay_7d
from carrier_day
window week as (
    partition by carrier order by flight_date
    range between interval 6 days preceding and current row
);

create table carrier_streak as
select
    flight_date, carrier, cancelled,
    lag(cancelled) over (partition by carrier order by flight_date) as cancelled_before
from carrier_day;

create table airport_week as
select
    cast(date_trunc('week', flight_date) as date) as week_start, origin, count(*) as flights,
    count(*) filter (where is_cancelled) / count(*) as share_cancelled
from flights
group by all;

create table busiest_routes as
select flight_date, row_number() over by_flights as place, origin, dest, count(*) as flights
from flights
group by flight_date, origin, dest
window by_flights as (partition by flight_date order by count(*) desc, origin, dest)
qualify place <= 10;

-- In one query where the model goes day by day: hand-written SQL may know that the table is new.
create table aircraft_minutes as
with flown as (
    select flight_date, tailnum, sum(coalesce(air_time, 0)) as minutes
    from flights where tailnum is not null group by all
),
seen as (select tailnum, min(flight_date) as first_day from flown group by all),
days as (select distinct flight_date from flights)
select
    d.flight_date, s.tailnum,
    cast(sum(coalesce(f.minutes, 0)) over (
        partition by s.tailnum order by d.flight_date
    ) as bigint) as minutes_so_far
from seen s
join days d on d.flight_date >= s.first_day
left join flown f on f.tailnum = s.tailnum and f.flight_date = d.flight_date;
