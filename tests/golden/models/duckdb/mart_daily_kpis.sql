-- partition: order_date DATE by day
-- input: stg_orders by ordered_at (order_id BIGINT, customer_id BIGINT, ordered_at TIMESTAMP, total INTEGER)
-- input: customers whole (customer_id BIGINT, segment VARCHAR)
-- read: stg_orders window ordered_at 0..0
-- read: customers unpartitioned
-- verdict: proven
-- strategies: range chunk partition
-- because: import CTEs of `*`, a dimension joined, the day of ordered_at in GROUP BY.
with orders as (
    select * from {{ ref('stg_orders') }}
),

customers as (
    select * from {{ ref('customers') }}
),

joined as (
    select orders.*, customers.segment, cast(orders.ordered_at as date) as order_date
    from orders
    left join customers on orders.customer_id = customers.customer_id
),

final as (
    select order_date, coalesce(segment, 'none') as segment, count(*) as orders, sum(total) as revenue
    from joined
    group by 1, 2
)

select * from final
