-- partition: sale_date date by day
-- input: sales by sale_date (store_id bigint, sale_date date, amount numeric(12,2))
-- read: sales window sale_date -28..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the scalar subquery is bounded on both sides by its own WHERE, relative to the row.
select
    s.sale_date,
    s.store_id,
    s.amount,
    (
        select avg(p.amount)
        from {{ ref('sales') }} as p
        where p.store_id = s.store_id
            and p.sale_date >= s.sale_date - 28
            and p.sale_date < s.sale_date
    ) as usual_amount
from {{ ref('sales') }} as s
