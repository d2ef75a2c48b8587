-- Each day looks at the six before. sqlbackfill finds that out from the window's frame: rebuilding
-- one day here reads seven days of daily_revenue, and a change of January 5th there makes
-- January 5th to 11th stale here.
{{ config(event_time='ordered_on', batch_size='day') }}

select
    ordered_on,
    cast(
        sum(revenue) over (
            order by ordered_on
            range between interval 6 days preceding and current row
        ) as decimal(14, 2)
    ) as revenue_7d
from {{ ref('daily_revenue') }}
