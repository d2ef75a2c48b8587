-- partition: MONTH_END DATE by month
-- input: raw.postings by POSTED_AT (ACCOUNT VARCHAR, POSTED_AT TIMESTAMP_NTZ, AMOUNT NUMBER)
-- read: raw.postings window POSTED_AT 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: LAST_DAY of a moment is in the month of that moment.
select last_day(posted_at) as month_end, account, sum(amount) as amount
from {{ source('raw', 'postings') }}
group by 1, 2
