-- Queries that each broken rule gives wrong rows for, as random ones found them: `-- name | tables | time zone`.
-- Kept in words, so that a rule stays caught whatever the generators make next; read by `written_queries.py`.

-- PARTITION BY ignored | tc | UTC
select x1.ts as p, cast(x1.tz as date) as q, x1.v as k, sum(x1.v) over (partition by x1.k) as v from __sb_occurrence_0__ as x1;

-- ROWS as RANGE | tc | UTC
select x1.p as p, x1.p as q, x1.k as k, max(x1.v) over (partition by x1.p, x1.v order by x1.p desc) as v from (select cast(date_trunc('week', x2.d) as date) as p, x2.d as q, x2.k as k, max(x2.v) over (partition by x2.k order by cast(date_trunc('week', x2.d) as date), x2.id rows between current row and 1 following) as v from __sb_occurrence_0__ as x2 where (x2.e is null or x2.e <= DATE '2013-03-10')) as x1;

-- NULL order keys dropped | tb | America/New_York
select x1.e as p, x1.d as q, x1.v as k, count(x1.k) over (partition by x1.v order by x1.e nulls first) as v from __sb_occurrence_0__ as x1 where (x1.ts >= DATE '2013-03-10' or x1.k = 1);

-- pushed through LIMIT | tc | UTC
select cast(timezone('America/New_York', x1.tz) as date) as p, coalesce(x1.tz, x1.tz) as q, x1.k as k, x1.v as v from __sb_occurrence_0__ as x1 order by all limit 4 offset 1;

-- wrong preimage of truncation | tc | UTC
select cast(date_trunc('week', x1.ts) as date) as p, min(x1.ts) as q, x1.k as k, max(x1.v) as v from __sb_occurrence_0__ as x1 group by cast(date_trunc('week', x1.ts) as date), x1.k;

-- max(p) as p | ta | America/New_York
select max(x1.ts) as p, max(coalesce(x1.d, x1.e)) as q, x1.k as k, max(x1.k) as v from __sb_occurrence_0__ as x1 group by x1.k;

-- NOT IN as IN | ta tb tb ta ta tb | UTC
with c3 as (select x2.e as p, cast(x1.d as date) as q, x1.k as k, x2.v as v from __sb_occurrence_0__ as x1 left join __sb_occurrence_1__ as x2 on x1.v = x2.k and x1.e = x2.ts + interval 26 day where x1.k in (0, 1) and date_diff('day', x1.tz, x2.tz) between 0 and 1), c6 as (select cast(x4.e as date) as p, x4.ts at time zone 'America/New_York' as q, x4.v as k, x4.v as v from __sb_occurrence_2__ as x4 where x4.d >= DATE '2013-03-11' and exists (select 1 from __sb_occurrence_3__ as x5 where x4.e = x5.d)) select distinct x7.tz as p, coalesce(x7.ts, x7.ts) as q, x7.v as k, x7.v as v from __sb_occurrence_4__ as x7 where x7.e is not null and x7.tz not in (select x8.tz from __sb_occurrence_5__ as x8);

-- any COALESCE | tb tc | UTC
select coalesce(x2.e, x1.d) as p, cast(x1.d + interval 1 month as date) as q, x2.k as k, x1.k as v from __sb_occurrence_0__ as x1 full join __sb_occurrence_1__ as x2 on x1.ts = x2.ts;

-- LEFT as INNER | tc ta tc | UTC
select x1.d + 1 as p, max(cast(x3.ns as date)) as q, x3.v as k, sum(x2.k) as v from __sb_occurrence_0__ as x1 left join __sb_occurrence_1__ as x2 on x1.d = x2.e and cast(x1.e as date) = cast(x2.e as date) and x1.d >= DATE '2013-03-09' left join __sb_occurrence_2__ as x3 on x3.ts between x1.e - interval 1 day and x1.e + interval 1 day group by x1.d + 1, x3.v having x1.d + 1 >= DATE '2013-03-10';

-- FULL and RIGHT as INNER | tb tc | UTC
select coalesce(x2.e, x1.d) as p, cast(x1.d + interval 1 month as date) as q, x2.k as k, x1.k as v from __sb_occurrence_0__ as x1 full join __sb_occurrence_1__ as x2 on x1.ts = x2.ts;

-- ANTI as SEMI | tc tc tb | UTC
select x1.d as p, x4.d as q, x4.v as k, x4.v as v from __sb_occurrence_0__ as x1 anti join (select timezone('America/New_York', x3.tz) as p, x3.e as q, x3.k as k, x3.k as v from __sb_occurrence_1__ as x3 where (x3.d >= DATE '2013-03-09' or x3.v = 1) and x3.v in (0, 1)) as x2 on x1.d = x2.q and x1.e = x2.q, __sb_occurrence_2__ as x4 where x4.d in (DATE '2013-03-11', DATE '2013-03-12') and x1.v in (0, 1);

-- inner ON above outer joins | tc ta tc | UTC
select x1.d + 1 as p, max(cast(x3.ns as date)) as q, x3.v as k, sum(x2.k) as v from __sb_occurrence_0__ as x1 left join __sb_occurrence_1__ as x2 on x1.d = x2.e and cast(x1.e as date) = cast(x2.e as date) and x1.d >= DATE '2013-03-09' left join __sb_occurrence_2__ as x3 on x3.ts between x1.e - interval 1 day and x1.e + interval 1 day group by x1.d + 1, x3.v having x1.d + 1 >= DATE '2013-03-10';

-- BY NAME by position | tb tc | UTC
(select cast(x1.d + interval 1 month as date) as p, cast(x1.e as date) as q, x1.v as k, x1.v as v from __sb_occurrence_0__ as x1) union by name (select q, p, v, k from (select coalesce(x2.e, x2.e) as p, x2.e - interval (2) hour as q, x2.v as k, x2.v as v from __sb_occurrence_1__ as x2) r3);

-- negative LAG as positive | tb | UTC
select p, q, k, v from (select x1.ts - interval (-1) day as p, x1.tz + interval (1) day as q, x1.v as k, lead(x1.k, -2) over (partition by x1.k order by x1.ts, x1.id) as v from __sb_occurrence_0__ as x1) w2 where v = 1;

-- raw text as a date | ta | UTC
select cast(x1.s as date) as p, max(x1.ts) as q, x1.v as k, sum(x1.v) as v from __sb_occurrence_0__ as x1 group by cast(x1.s as date), x1.v;

-- nanoseconds as microseconds | tb | UTC
select cast(x1.ns as date) as p, max(x1.tz - interval (-1) hour) as q, x1.k as k, sum(x1.v) as v from __sb_occurrence_0__ as x1 group by p, 3;

-- a month as thirty days | tb | UTC
select cast(x1.ns as date) as p, max(x1.tz - interval (-1) hour) as q, x1.k as k, sum(x1.v) as v from __sb_occurrence_0__ as x1 group by p, 3;

-- local time as UTC | ta | America/New_York
select cast(min(x1.tz) as date) as p, min(coalesce(x1.d, x1.d)) as q, x1.k as k, max(x1.k) as v from __sb_occurrence_0__ as x1 group by cast(x1.tz as date), x1.k;

-- OR as its first arm | tc | UTC
select x1.e as p, max(coalesce(x1.e, x1.e)) as q, x1.v as k, sum(x1.v) as v from __sb_occurrence_0__ as x1 where (x1.e < DATE '2013-03-11' or x1.e > DATE '2013-03-12') group by x1.e, x1.v;

-- CASE as its first arm | ta tb | UTC
select case when x1.v > 0 then x1.d else x2.e end as p, min(timezone('America/New_York', x2.tz)) as q, x2.k as k, sum(x2.k) as v from __sb_occurrence_0__ as x1 cross join __sb_occurrence_1__ as x2 where x1.d >= DATE '2013-03-10' group by all;

-- COALESCE as its first part | tb tc | UTC
select coalesce(x2.e, x1.d) as p, cast(x1.d + interval 1 month as date) as q, x2.k as k, x1.k as v from __sb_occurrence_0__ as x1 full join __sb_occurrence_1__ as x2 on x1.ts = x2.ts;

-- author's bounds always hold | ta tc | UTC
with c2 as (select cast(x1.d - interval 1 month as date) as p, max(cast(x1.e as date)) as q, x1.k as k, count(*) as v from __sb_occurrence_0__ as x1 group by cast(x1.d - interval 1 month as date), x1.k having cast(x1.d - interval 1 month as date) >= DATE '2013-03-10') select cast(x3.s as date) as p, min(cast(x3.ns as date)) as q, x4.v as k, sum(x3.k) as v from __sb_occurrence_1__ as x3 full join c2 as x4 on x3.e = x4.p where x3.e >= cast('__sb_start__' as date) and x3.e < cast('__sb_end__' as date) + interval 1 day and x3.e >= cast('__sb_start__' as date) - interval 1 day and x3.e < cast('__sb_end__' as date) + interval 1 day group by all;

-- DISTINCT ON keeps every bound | tc | UTC
select cast(x1.q as date) as p, min(cast(x1.q as date)) as q, x1.v as k, lag(count(*)) over (partition by cast(x1.q as date) order by cast(x1.q as date), x1.v ) as v from (select distinct on (k, v) coalesce(x2.d, x2.e) as p, x2.ts as q, x2.v as k, x2.v as v from __sb_occurrence_0__ as x2 where x2.v > 0 order by k, v, p, q, k, v) as x1 where x1.q is not null group by cast(x1.q as date), x1.v;

-- ties ignored | tc | UTC
select x1.e + 1 as p, coalesce(x1.ts, x1.ts) as q, x1.k as k, row_number() over (partition by x1.e + 1 order by x1.d) as v from __sb_occurrence_0__ as x1;

-- DESC as ASC | tc | UTC
select x1.d as p, cast(date_trunc('hour', x1.d) as date) as q, x1.v as k, sum(x1.v) over (order by x1.d desc) as v from __sb_occurrence_0__ as x1;

-- edges of rows between groups of ROLLUP | tc | UTC
select x.ts::date as p, sum(count(*)) over (partition by x.ts) as v from __sb_occurrence_0__ as x where x.k > 0 group by grouping sets ((x.ts::date, x.ts), (x.ts::date), (x.ts));

-- windows over ROLLUP keep every bound | tc | America/New_York
select x.e as p, sum(count(*)) over (partition by 1) as v from __sb_occurrence_0__ as x group by grouping sets ((x.e), ());

-- NOT ignored | tb | America/New_York
select x.d as p, x.id from __sb_occurrence_0__ as x where not (x.d in (date '2013-03-09', date '2013-03-11') and x.k > 0);

-- IN under OR as a conjunct | tc ta | UTC
select x.d as p, x.id from __sb_occurrence_0__ as x where (not (x.d in (select y.d from __sb_occurrence_1__ as y)) or x.d = date '2013-03-10');

-- a scalar query cut by the row around it | tc tc | America/New_York
select x.e as p, (select count(*) from __sb_occurrence_1__ as y where true) as v, x.id from __sb_occurrence_0__ as x;

-- COALESCE of any two terms | tc tc | America/New_York
select coalesce(y.d, x.e) as p, x.id as a, y.id as b from __sb_occurrence_0__ as x left join __sb_occurrence_1__ as y on x.d = y.d;

-- format first by the session's clock | ta | America/New_York
select cast(strftime('%Y%m%d', x1.tz) as integer) as p, max(cast(epoch(x1.ts) as bigint) // 3600) as q, x1.v as k, sum(x1.k) as v from __sb_occurrence_0__ as x1 group by all;

-- epoch_ms rounded down | tb ta tb tb | UTC
select cast(to_timestamp(epoch_ms(x6.tz) // 1000) as date) as p, year(x6.d) * 100 + month(x6.d) as q, x1.v as k, x6.k as v from (select epoch_ms(x3.tz) // 86400000 as p, cast(strftime('%Y%d%m', x2.ts) as bigint) as q, x3.k as k, x2.k as v from __sb_occurrence_0__ as x2 join __sb_occurrence_1__ as x3 on cast(strftime(x2.e, '%Y%-m%-d') as bigint) = cast(strftime(x3.d, '%Y%-m%-d') as bigint) - 100 where year(x3.ts) = 2013) as x1 right join (select cast(x5.s as date) as p, x5.e as q, x5.k as k, x5.k as v from __sb_occurrence_2__ as x5) as x4 on cast(strftime(DATE '2013-03-10', '%Y%m%d') as bigint) <= cast(strftime(x4.q, '%Y%m%d') as bigint) - 100 cross join __sb_occurrence_3__ as x6;

-- cast of an epoch rounded down | tc tb tb | America/New_York
select cast(date_part('epoch', x4.ts) as bigint) as p, try_cast(strftime(x4.ts, '%Y-%m-01') as date) as q, x3.v as k, x1.v as v from (select epoch_ms(x2.d) * 7 + 1 as p, try_cast(x2.s as date) as q, x2.v as k, x2.k as v from __sb_occurrence_0__ as x2) as x1 right join __sb_occurrence_1__ as x3 on cast(strftime(x1.q, '%Y%m%d%H') as bigint) <= cast(strftime(x3.d, '%Y%m%d%H') as bigint) + 1 and cast(strftime(x1.q, '%y%m%d') as bigint) = cast(strftime(x3.ts, '%y%m%d') as bigint) cross join __sb_occurrence_2__ as x4 where year(x4.ts) <= 2013;

-- upper end of an epoch rounded down | tb ta tc ta tc | UTC
select cast(floor(epoch(x2.d)) as bigint) as p, cast(to_timestamp((1362614400 + x2.v * 40000)) as date) as q, x1.k as k, x2.v as v from __sb_occurrence_0__ as x1 full join __sb_occurrence_1__ as x2 on x2.ts between x1.d - interval 2 day and x1.d + interval 1 day anti join (select x4.e - DATE '1970-01-01' as p, x4.tz as q, x4.k as k, x4.v as v from __sb_occurrence_2__ as x4 semi join (select epoch_us(x7.tz) // 1000 // 86400000 as p, cast(strftime(x7.e, '%Y%m%d') as integer) as q, x7.k as k, x7.k as v from __sb_occurrence_3__ as x6 right join __sb_occurrence_4__ as x7 on cast(strftime(x6.tz, '%Y%m%d') as bigint) > cast(strftime(x7.e, '%Y%m%d') as bigint) - 100 and strftime(x6.tz, '%d.%m.%Y') = strftime(x7.ts, '%d.%m.%Y') and strftime(x7.tz, '%Y-%m-%d') > '2013-03-09') as x5 on epoch_ms(x4.e) between epoch_ms(DATE '2013-03-10') - 86400000 and epoch_ms(DATE '2013-03-10') and epoch(x4.ts) > 1362873600) as x3 on cast(x2.e as date) = cast(x3.q as date) and strftime(x2.e, '%Y%m%d') = strftime(x3.q, '%Y%m%d') where epoch_ms(x2.d) = 1362873600000;

-- preimage of a product rounded down | tb tb | America/New_York
select x1.v * 3 as p, min(cast(strftime(x1.tz, '%Y%m%d') as integer)) as q, x1.k as k, count(*) as v from __sb_occurrence_0__ as x1 where cast(strftime(x1.ts, '%Y%m%d') as integer) < 99991231 and not exists (select 1 from __sb_occurrence_1__ as x2 where cast(epoch(x1.e) as bigint) = cast(epoch(x2.d) as bigint)) group by x1.v * 3, x1.k;

-- fields in any order | ta | America/New_York
select try_cast(cast(x1.d as varchar) as date) as p, max(cast(date_part('epoch', x1.ts) as bigint)) as q, x1.v as k, sum(x1.k) as v from __sb_occurrence_0__ as x1 where cast(strftime(x1.d, '%d%m%Y') as integer) < 11032013 group by try_cast(cast(x1.d as varchar) as date), x1.v;

-- parts of several dates | tc | UTC
select year(x1.e) * 10000 + month(x1.e) * 100 + day(x1.d) as p, max(try_cast(strftime(x1.d, '%Y-%m-01') as date)) as q, x1.v as k, sum(x1.v) as v from __sb_occurrence_0__ as x1 where cast(strftime(x1.ts, '%d%m%Y') as integer) = 11032013 and (x1.tz is null or x1.tz <= DATE '2013-03-11') group by year(x1.e) * 10000 + month(x1.e) * 100 + day(x1.d), x1.v;

-- no month after a month's last day | ta | Pacific/Auckland
select cast(strftime('%Y%m%d%H', x1.e) as bigint) as p, cast(date_part('epoch', x1.e) as bigint) as q, x1.k as k, x1.k as v from __sb_occurrence_0__ as x1 qualify row_number() over (partition by cast(strftime('%Y%m%d%H', x1.e) as bigint) order by cast(strftime('%Y%m%d%H', x1.e) as bigint), x1.id) = 2;

-- text in UTC | tc tc | America/New_York
select cast(strftime(x1.tz, '%Y%m%d') as integer) as p, cast(strftime('%Y%m%d', x2.d) as integer) as q, x1.v as k, x2.k as v from __sb_occurrence_0__ as x1, __sb_occurrence_1__ as x2 where cast(strftime(x2.d, '%Y%m%d') as integer) < 99991231 and cast(epoch(x1.e) as bigint) < 1362873600;

-- frame in other units | ta | America/New_York
select try_cast(strftime(x1.tz, '%Y-%m-%d %H:%M:%S') as date) as p, cast(to_timestamp((1362614400 + x1.k * 40000)) as date) as q, x1.k as k, count(x1.v) over (order by epoch(x1.tz) nulls first range between 86400 preceding and current row) as v from __sb_occurrence_0__ as x1;

-- origin of days off by one | tb | UTC
select x1.d - DATE '2013-03-10' as p, max(x1.v * 2 - 3) as q, x1.v as k, sum(x1.v) as v from __sb_occurrence_0__ as x1 group by x1.d - DATE '2013-03-10', x1.v;

-- days apart off by one | ta tc ta tb tb tb | America/New_York
select cast(date_trunc('day', try_cast(cast(x1.d as varchar) as date)) as date) as p, min(cast(extract(epoch from x2.ts) as integer)) as q, x2.k as k, max(x2.k) as v from __sb_occurrence_0__ as x1 cross join __sb_occurrence_1__ as x2 anti join (select x4.d as p, cast(x4.e + interval 1 month as date) as q, x4.v as k, x4.v as v from __sb_occurrence_2__ as x4 left join (select x7.ts as p, try_cast(cast(x6.d as varchar) as date) as q, x7.v as k, x6.v as v from __sb_occurrence_3__ as x6 left join __sb_occurrence_4__ as x7 on cast(x6.ts as date) = cast(x7.d as date) and (x7.ts < DATE '2013-03-11' or x7.ts > DATE '2013-03-12') where cast(strftime(x7.tz, '%Y%m%d') as integer) = 20130311 and epoch_ms(x7.e) > 1362873600000) as x5 on strftime(x4.e, '%Y%m%d') = strftime(x5.q, '%Y%m%d') and x4.e = x5.q and x5.v is null where x5.p is not null) as x3 on strftime(x2.d, '%Y%m%d') = strftime(x3.p, '%Y%m%d') where epoch_ms(x1.tz) >= 1362873600000 and (select count(*) from __sb_occurrence_5__ as x8 where cast(x1.ts as date) = cast(x8.e as date)) > 0 and date_diff('day', x1.d, x2.d) > -2 group by try_cast(cast(x1.d as varchar) as date), x2.k;

-- days until as days since | ta ta ta | America/New_York
select DATE '2013-03-20' - x1.e as p, x1.e - DATE '1970-01-01' as q, x1.k as k, x1.v as v from __sb_occurrence_0__ as x1 left join (select cast(x3.ts as date) as p, min(try_cast(x3.s as date)) as q, x3.k as k, sum(x3.k) as v from __sb_occurrence_1__ as x3 group by cast(x3.ts as date), x3.k having count(*) > 1) as x2 on cast(strftime(x1.d, '%Y') as bigint) > cast(strftime(x2.p, '%Y') as bigint) - 100 and strftime(x1.d, '%Y-%m-%d') = strftime(x2.p, '%Y-%m-%d') semi join (select distinct cast(extract(epoch from x5.ts) as integer) as p, try_cast(cast(x5.d as varchar) as date) as q, x5.v as k, x5.k as v from __sb_occurrence_2__ as x5) as x4 on cast(strftime(x2.p, '%-d%m') as bigint) = cast(strftime(x4.q, '%-d%m') as bigint) where x2.v > 0;

-- a day's digits as its month's | tb tc tb | UTC
select year(x1.tz) * 10000 + month(x1.tz) * 100 + day(x1.tz) as p, x3.e as q, x1.v as k, x3.k as v from __sb_occurrence_0__ as x1 anti join __sb_occurrence_1__ as x2 on cast(x2.s as date) = cast(x1.tz as date) and strftime(x1.ts, '%Y/%m/%d %H') = strftime(x2.d, '%Y/%m/%d %H') left join __sb_occurrence_2__ as x3 on cast(epoch(x1.ts) as bigint) = cast(epoch(x3.e) as bigint);

-- HAVING of an aggregate as WHERE | ta | UTC
select x.e as p, x.e as q, count(*) as v, min(x.d) as w from __sb_occurrence_0__ as x group by x.e, x.e having min(x.d) >= x.e;

-- columns renamed in FROM as the table's own | ta | UTC
select x.d as p, x.id from __sb_occurrence_0__ as x(e, d);

-- ALL of a query rejects NULL | ta tb tc | UTC
select coalesce(x.d, y.d) as p, x.id as a, y.id as b from __sb_occurrence_0__ as x full join __sb_occurrence_1__ as y on x.d = y.d + 1 where x.d >= all (select z.d from __sb_occurrence_2__ as z where z.k > 5);

-- keys that ROLLUP leaves out follow | tc | America/New_York
with c as (select x.ts::date as a, x.ts as b, x.k as k, count(*) as v, min(x.id) as id from __sb_occurrence_0__ as x group by rollup (x.ts::date, x.ts), x.k) select c.a as p, c.id, sum(c.v) over (partition by c.k, c.b) as w from c;

-- the first arm of a UNION speaks for all | tc | UTC
with c as (select x.d as a, x.d + 1 as b, x.k as k, x.v as v, x.id as id from __sb_occurrence_0__ as x union all select x.d + 1, x.d, x.k, x.v, x.id from __sb_occurrence_0__ as x) select c.a as p, c.id, sum(c.v) over (partition by c.k, c.b) as w from c;

-- every series ascends | tb | UTC
select g.u::date as p, x.id, g.u from __sb_occurrence_0__ as x, generate_series(x.d, x.d - 2, interval (-1) day) as g(u);

-- a last day as the day itself | tb | America/New_York
select last_day(x.e) - 22 as p, sum(x.v) over (partition by x.k, last_day(x.e) - 22) as v, x.id from __sb_occurrence_0__ as x;

-- slots counted from 1970 | ta | UTC
select time_bucket(interval 3 day, x.e, date '2013-03-08') as p, count(*) over (partition by x.e) as v, x.id from __sb_occurrence_0__ as x;

-- parts of the first date | ta | UTC
select make_date(year(x.d - 9), month(x.d), 1) + 8 as p, sum(x.v) over (partition by x.k, make_date(year(x.d - 9), month(x.d), 1) + 8) as v, x.id from __sb_occurrence_0__ as x;

-- origins without their zone | tb | America/New_York
select time_bucket(interval 2 day, x.ts, timestamptz '2012-07-01')::date as p, x.id from __sb_occurrence_0__ as x;

-- what does not fit is not NULL | tb | UTC
select x.v + 126 as p, count(*) over (partition by try_cast(x.v + 126 as tinyint)) as n, x.id from __sb_occurrence_0__ as x;

-- digits that do not fit are not NULL | tc | UTC
select x.d as p, x.id, count(*) over (partition by try_cast(strftime(x.d, '%Y%m%d') as smallint)) as n from __sb_occurrence_0__ as x;
