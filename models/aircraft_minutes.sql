-- A running total that reads its own yesterday. No single query can compute two of its days, so it
-- is built one day at a time, in order, and it is the one model here that names the day itself:
-- `partition.start` prints the day that is being built. An aircraft that does not fly keeps its
-- total: its row of yesterday is carried over with today's date.
{{ config(event_time='flight_date', batch_size='day') }}

with minutes as (
    select
        tailnum,
        coalesce(air_time, 0) as minutes
    from {{ ref('flights') }}
    where flight_date = cast('{{ partition.start }}' as date)
        and tailnum is not null

    union all

    select
        tailnum,
        minutes_so_far as minutes
    from {{ this }}
    where flight_date = cast('{{ partition.start }}' as date) - 1
)

select
    cast('{{ partition.start }}' as date) as flight_date,
    tailnum,
    cast(sum(minutes) as bigint) as minutes_so_far
from minutes
group by tailnum
