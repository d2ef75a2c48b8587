-- partition: day DATE by day
-- input: sales by sale_date (store_id BIGINT, sale_date DATE, amount DOUBLE)
-- read: sales window sale_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the spine comes from no table; the LEFT join ties the sales to its day by equality, and the
--   demand on the spine's day passes through ON to the null-extended side.
with spine as (
    select cast(generated.d as date) as day
    from generate_series(timestamp '2020-01-01', timestamp '2030-12-31', interval 1 day) as generated(d)
)

select s.day, coalesce(sum(f.amount), 0) as amount, count(f.store_id) as sales
from spine as s
left join {{ ref('sales') }} as f on f.sale_date = s.day
group by s.day
