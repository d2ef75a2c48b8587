create table if not exists trailing_week (
    ship_date date, return_flag varchar, lines hugeint, quantity decimal(38, 2)
);
begin;
delete from trailing_week where ship_date >= date '{start}' and ship_date < date '{end}';
insert into trailing_week
with daily as (
    select l_shipdate as ship_date, l_returnflag as return_flag, count(*) as lines, sum(l_quantity) as quantity
    from read_parquet('data/lineitem.parquet')
    where l_shipdate >= date '{start}' - interval 6 days and l_shipdate < date '{end}'
    group by l_shipdate, l_returnflag
)
select * from (
    select ship_date, return_flag, sum(lines) over week, sum(quantity) over week
    from daily
    window week as (
        partition by return_flag order by ship_date
        range between interval 6 days preceding and current row
    )
)
where ship_date >= date '{start}' and ship_date < date '{end}';
commit;
