-- partition: load_date DATE by day
-- input: raw.logs by _partitiondate (message STRING, severity STRING, _partitiondate DATE)
-- read: raw.logs window _partitiondate 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the pseudo column is a date like any other.
select _partitiondate as load_date, severity, count(*) as messages
from {{ source('raw', 'logs') }}
where severity in ('a', 'b')
group by load_date, severity
