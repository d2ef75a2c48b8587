-- partition: ordered_on DATE by day
-- input: orders by ordered_at (id BIGINT, sku TEXT, ordered_at TIMESTAMP, quantity INTEGER)
-- input: prices by valid_from (sku TEXT, valid_from DATE, valid_to DATE, price INTEGER)
-- read: orders window ordered_at 0..0
-- read: prices past valid_from ..0, JOIN_NO_PARTITION_LINK
-- verdict: refuted
-- strategies: range chunk partition
-- because: a price that holds on the day began on it or before.
select o.ordered_at::date as ordered_on, o.id, o.quantity * p.price as amount
from {{ ref('orders') }} o
join {{ ref('prices') }} p
    on p.sku = o.sku and o.ordered_at::date >= p.valid_from and (p.valid_to is null or o.ordered_at::date < p.valid_to)
