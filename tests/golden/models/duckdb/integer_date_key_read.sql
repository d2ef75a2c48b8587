-- partition: sale_date DATE by day
-- input: raw.pos by date_key (receipt BIGINT, date_key BIGINT~yyyymmdd, amount DOUBLE)
-- read: raw.pos unknown, P_OPAQUE
-- verdict: unproven
-- strategies: range chunk partition
-- because: a raw number is read as text by strptime, which takes 2024031 for the first of March too, so a
--   range of keys could lose rows: no edge unless the author declares the relation.
select strptime(cast(date_key as varchar), '%Y%m%d')::date as sale_date, receipt, amount
from {{ source('raw', 'pos') }}
