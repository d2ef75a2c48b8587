create table if not exists daily_keys (day date, key bigint, events bigint, amount decimal(38, 2));
begin;
delete from daily_keys where day >= date '{start}' and day < date '{end}';
insert into daily_keys
select day, key, count(*), sum(amount)
from read_parquet('data/events.parquet')
where day >= date '{start}' and day < date '{end}'
group by day, key;
commit;
