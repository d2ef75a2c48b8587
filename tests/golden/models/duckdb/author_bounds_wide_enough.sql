-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date -6..0
-- verdict: proven
-- strategies: range chunk partition
-- because: T2: the frame needs [start - 6, end), and that is what the author reads.
select
    store_id,
    sale_date,
    sum(amount) over (
        partition by store_id order by sale_date
        range between interval 6 days preceding and current row
    ) as amount_7d
from {{ ref('sales') }}
where sale_date >= date '{{ partition.start }}' - interval 6 day
    and sale_date < date '{{ partition.end }}'
