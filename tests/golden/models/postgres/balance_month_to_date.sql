-- partition: posted_on DATE by day
-- input: postings by posted_on (id BIGINT, account TEXT, posted_on DATE, amount INTEGER) unique id
-- read: postings window posted_on -30..0
-- verdict: proven
-- strategies: range chunk partition
-- because: the running sum starts with the month; the order ends with a key.
select id, posted_on, account,
    sum(amount) over (partition by account, date_trunc('month', posted_on::timestamp) order by posted_on, id) as balance
from {{ ref('postings') }}
