-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date -5..0
-- also: AUTHOR_BOUND_TOO_NARROW
-- verdict: unproven
-- strategies: partition
-- because: T2 fails: the author reads 5 days back and the frame needs 6, so the answer is the one at the
--   declared grain and nothing else.
select
    store_id,
    sale_date,
    sum(amount) over (
        partition by store_id order by sale_date
        range between interval 6 days preceding and current row
    ) as amount_7d
from {{ ref('sales') }}
where sale_date >= date '{{ partition.start }}' - interval 5 day
    and sale_date < date '{{ partition.end }}'
