-- partition: post_date date by day
-- input: posts by post_date (id bigint, post_date date, tags text[])
-- read: posts window post_date 0..0
-- verdict: proven
-- strategies: range chunk partition
-- because: unnest() is row-wise from the left.
select p.post_date, t.tag, count(*) as posts
from {{ ref('posts') }} as p
cross join lateral unnest(p.tags) as t(tag)
group by p.post_date, t.tag
