create table if not exists daily_priorities (
    ship_date date, order_priority varchar, lines bigint, net_price decimal(38, 4)
);
begin;
delete from daily_priorities where ship_date >= date '{start}' and ship_date < date '{end}';
insert into daily_priorities
select l.l_shipdate, o.o_orderpriority, count(*), sum(l.l_extendedprice * (1 - l.l_discount))
from read_parquet('data/lineitem.parquet') as l
join read_parquet('data/orders.parquet') as o on l.l_orderkey = o.o_orderkey
where l.l_shipdate >= date '{start}' and l.l_shipdate < date '{end}'
group by l.l_shipdate, o.o_orderpriority;
commit;
