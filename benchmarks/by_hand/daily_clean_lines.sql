create table if not exists daily_clean_lines (
    ship_date date, return_flag varchar, line_status varchar,
    lines bigint, quantity decimal(38, 2), net_price decimal(38, 4)
);
begin;
delete from daily_clean_lines where ship_date >= date '{start}' and ship_date < date '{end}';
insert into daily_clean_lines
select ship_date, return_flag, line_status, count(*), sum(quantity), sum(net_price)
from clean_lineitem
where ship_date >= date '{start}' and ship_date < date '{end}'
group by ship_date, return_flag, line_status;
commit;
