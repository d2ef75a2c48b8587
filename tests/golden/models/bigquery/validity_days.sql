-- partition: day DATE by day
-- input: prices by valid_from (sku STRING, valid_from DATE, valid_to DATE, price INT64)
-- read: prices past valid_from ..0, P_FROM_UNNEST
-- verdict: refuted
-- strategies: range chunk partition
-- because: a day is not before valid_from, but any number of days after it.
select day, sku, price
from {{ ref('prices') }}
cross join unnest(generate_date_array(valid_from, ifnull(valid_to, date '2024-12-31'))) as day
