-- partition: month DATE by month
-- input: raw.postings by posted_on (account STRING, posted_on DATE, amount INT)
-- read: raw.postings window posted_on 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the first of a date's own year and month is its month.
select make_date(year(posted_on), month(posted_on), 1) as month, account, sum(amount) as amount
from {{ source('raw', 'postings') }}
group by 1, 2
