-- partition: month_end DATE by month
-- input: raw.postings by posted_on (account TEXT, posted_on DATE, amount INTEGER)
-- read: raw.postings window posted_on -1..0
-- verdict: proven
-- strategies: range chunk partition
-- because: a month's addition is padded by 4 days backward, which reach into the month before.
select (date_trunc('month', posted_on::timestamp) + interval '1 month' - interval '1 day')::date as month_end, account, sum(amount) as amount
from {{ source('raw', 'postings') }}
group by 1, 2
