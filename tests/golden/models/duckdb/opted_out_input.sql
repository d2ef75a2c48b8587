-- partition: sale_date DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- input: budgets by sale_date (store_id BIGINT, sale_date DATE, budget DOUBLE)
-- read: sales window sale_date 0..0
-- read: budgets window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the author opts out of a predicate on the budgets, which changes nothing about what is needed.
select s.sale_date, s.store_id, s.amount, b.budget
from {{ ref('sales') }} as s
left join {{ ref('budgets').unfiltered() }} as b
    on b.store_id = s.store_id and b.sale_date = s.sale_date
