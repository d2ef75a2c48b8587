create table if not exists daily_lines (
    ship_date date, return_flag varchar, line_status varchar,
    lines bigint, quantity decimal(38, 2), net_price decimal(38, 4)
);
begin;
delete from daily_lines where ship_date >= date '{start}' and ship_date < date '{end}';
insert into daily_lines
select
    l_shipdate, l_returnflag, l_linestatus, count(*), sum(l_quantity),
    sum(l_extendedprice * (1 - l_discount))
from read_parquet('data/lineitem.parquet')
where l_shipdate >= date '{start}' and l_shipdate < date '{end}'
group by l_shipdate, l_returnflag, l_linestatus;
commit;
