create table if not exists clean_lineitem (
    ship_date date, order_key bigint, line_number integer, part_key bigint, supplier_key bigint,
    quantity decimal(15, 2), net_price decimal(31, 4), tax decimal(15, 2),
    return_flag varchar, line_status varchar, ship_mode varchar
);
begin;
delete from clean_lineitem where ship_date >= date '{start}' and ship_date < date '{end}';
insert into clean_lineitem
select
    l_shipdate, l_orderkey, l_linenumber, l_partkey, l_suppkey, l_quantity,
    l_extendedprice * (1 - l_discount), l_tax, trim(l_returnflag), trim(l_linestatus), lower(l_shipmode)
from read_parquet('data/lineitem.parquet')
where l_shipdate >= date '{start}' and l_shipdate < date '{end}';
commit;
