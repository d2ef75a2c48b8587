-- partition: month_end DATE by month
-- input: raw.postings by posted_on (account VARCHAR, posted_on DATE, amount INTEGER)
-- read: raw.postings window posted_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: last_day() of a date is in the month of that date.
select last_day(posted_on) as month_end, account, sum(amount) as amount
from {{ source('raw', 'postings') }}
group by 1, 2
