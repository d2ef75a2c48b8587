-- partition: MONTH DATE by month
-- input: raw.postings by POSTED_ON (ACCOUNT VARCHAR, POSTED_ON DATE, AMOUNT NUMBER)
-- read: raw.postings window POSTED_ON 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the first of a date's own year and month is its month.
select date_from_parts(year(posted_on), month(posted_on), 1) as month, account, sum(amount) as amount
from {{ source('raw', 'postings') }}
group by month, account
