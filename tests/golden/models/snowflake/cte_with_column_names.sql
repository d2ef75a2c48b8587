-- partition: order_date DATE by day
-- input: raw.orders by created_at (id NUMBER, created_at TIMESTAMP_NTZ, total NUMBER(12, 2))
-- read: raw.orders window created_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a list of names after a CTE's only renames its columns by position.
with daily (order_date, total) as (
    select created_at::date, sum(total)
    from {{ source('raw', 'orders') }}
    group by 1
)

select order_date, total from daily
