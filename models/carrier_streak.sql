-- lag() looks back to the carrier's previous day, whichever that is, and the partition is not in the
-- window's PARTITION BY. Run with only one day's rows in sight it would find no previous row and
-- write NULL everywhere. So sqlbackfill lets it read the past of carrier_day, and writes only the
-- partitions that were asked for.
{{ config(event_time='flight_date', batch_size='day') }}

select
    flight_date,
    carrier,
    cancelled,
    lag(cancelled) over (partition by carrier order by flight_date) as cancelled_before
from {{ ref('carrier_day') }}
