-- partition: LOADED_ON DATE by day
-- input: raw.accounts by LOADED_AT (ID NUMBER, NAME VARCHAR, LOADED_AT TIMESTAMP_NTZ) unique ID LOADED_AT
-- read: raw.accounts window LOADED_AT 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the day stands in PARTITION BY.
select to_date(loaded_at) as loaded_on, id, name
from {{ source('raw', 'accounts') }}
qualify row_number() over (partition by id, to_date(loaded_at) order by loaded_at desc) = 1
