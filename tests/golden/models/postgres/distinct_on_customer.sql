-- partition: order_date date by day
-- input: shop.orders by created_at (id bigint, customer_id bigint, created_at timestamp, total numeric(12,2))
-- read: shop.orders all, DEDUP_ACROSS_P
-- also: TIES
-- verdict: refuted
-- strategies: range
-- because: DISTINCT ON (customer_id) keeps one row of all days; rows of equal created_at are chosen between
--   by chance.
select distinct on (customer_id) customer_id, created_at::date as order_date, id as order_id
from {{ source('shop', 'orders') }}
order by customer_id, created_at desc
