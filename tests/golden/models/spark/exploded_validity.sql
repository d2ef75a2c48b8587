-- partition: day DATE by day
-- input: prices by valid_from (sku STRING, valid_from DATE, valid_to DATE, price INT)
-- read: prices past valid_from ..0, P_FROM_UNNEST
-- verdict: refuted
-- strategies: range chunk partition
-- because: a day is not before valid_from, but any number of days after it.
with days as (
    select sku, price, explode(sequence(valid_from, valid_to, interval 1 day)) as day
    from {{ ref('prices') }}
)
select day, sku, max(price) as price from days group by day, sku
