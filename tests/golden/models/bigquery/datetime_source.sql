-- partition: day DATE by day
-- input: raw.tickets by opened_at (ticket_id INT64, opened_at DATETIME, queue STRING)
-- read: raw.tickets window opened_at 0..0
-- verdict: proven
-- strategies: range chunk partition
-- run: no (not transpiled)
-- because: a DATETIME is a reading; its date is the cast.
select extract(date from opened_at) as day, queue, count(*) as tickets
from {{ source('raw', 'tickets') }}
group by day, queue
