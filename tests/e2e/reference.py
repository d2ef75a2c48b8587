"""The flagship's eight tables as hand-written SQL over the Parquet files, and a comparison of rows as multisets.

It shares nothing with the models or with the package: another route to the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

# America/New_York in 2013: UTC-5, and UTC-4 from March 10th 07:00 UTC until November 3rd 06:00 UTC.
_LOCAL_FLIGHTS = """
    create temp table f as
    select
        (utc - case when utc >= timestamp '2013-03-10 07:00:00'
                     and utc < timestamp '2013-11-03 06:00:00'
                    then interval 4 hours else interval 5 hours end)::date as flight_date,
        * exclude (utc)
    from (select *, epoch_us(time_hour) as us, make_timestamp(epoch_us(time_hour)) as utc
          from read_parquet('{data}/flights.parquet'))
"""

TABLES: dict[str, str] = {
    "flights": """
        select flight_date, time_hour, carrier, flight, tailnum, origin, dest, sched_dep_time,
               dep_delay, arr_delay, air_time, distance,
               case when dep_time is null then true else false end as is_cancelled
        from f
    """,
    "flight_weather": """
        select flight_date, f.time_hour, carrier, flight, tailnum, f.origin, dest, sched_dep_time,
               dep_delay, arr_delay, air_time, distance,
               case when dep_time is null then true else false end as is_cancelled,
               w.temp, w.wind_speed, w.precip, w.visib
        from f
        left join read_parquet('{data}/weather.parquet') w
            on epoch_us(w.time_hour) = f.us and w.origin = f.origin
    """,
    "carrier_day": """
        select flight_date, carrier,
               count(*) as flights,
               sum(case when dep_time is null then 1 else 0 end) as cancelled,
               sum(dep_delay)::double / nullif(count(dep_delay), 0) as mean_dep_delay,
               sum(arr_delay)::double / nullif(count(arr_delay), 0) as mean_arr_delay
        from f group by all
    """,
    # Straight from the flights: no daily means, and a join on dates in place of a window.
    "carrier_trailing_7d": """
        with day as (select distinct flight_date, carrier from f)
        select day.flight_date, day.carrier,
               count(*) as flights_7d,
               sum(f.dep_delay)::double / nullif(count(f.dep_delay), 0) as mean_dep_delay_7d
        from day join f on f.carrier = day.carrier
            and f.flight_date between day.flight_date - 6 and day.flight_date
        group by all
    """,
    "airport_week": """
        select flight_date - (isodow(flight_date) - 1)::integer as week_start, origin,
               count(*) as flights,
               1 - count(dep_time)::double / count(*) as share_cancelled
        from f group by all
    """,
    "busiest_routes": """
        with route as (select flight_date, origin, dest, count(*) as flights from f group by all)
        select a.flight_date,
               (select count(*) + 1 from route b
                where b.flight_date = a.flight_date
                  and (b.flights > a.flights or (b.flights = a.flights
                       and (b.origin < a.origin or (b.origin = a.origin and b.dest < a.dest))))
               ) as place,
               origin, dest, flights
        from route a
        where place <= 10
    """,
    # Every day of the year times every aircraft seen by then.
    "aircraft_minutes": """
        with seen as (
            select tailnum, min(flight_date) as first_day from f where tailnum is not null group by 1
        ),
        calendar as (
            select unnest(range(timestamp '2013-01-01', timestamp '2014-01-01', interval 1 day))::date
                as flight_date
        ),
        flown as (
            select tailnum, flight_date, sum(air_time) as minutes from f
            where tailnum is not null group by all
        )
        select c.flight_date, s.tailnum,
               coalesce(sum(n.minutes) over (
                   partition by s.tailnum order by c.flight_date rows unbounded preceding), 0)
                   as minutes_so_far
        from seen s
        join calendar c on c.flight_date >= s.first_day
        left join flown n on n.tailnum = s.tailnum and n.flight_date = c.flight_date
    """,
    "carrier_streak": """
        with day as (
            select flight_date, carrier, count(*) - count(dep_time) as cancelled from f group by all
        ),
        numbered as (
            select *, row_number() over (partition by carrier order by flight_date) as n from day
        )
        select now.flight_date, now.carrier, now.cancelled, before.cancelled as cancelled_before
        from numbered now left join numbered before
            on before.carrier = now.carrier and before.n = now.n - 1
    """,
}

PARTITION_COLUMN = dict.fromkeys(TABLES, "flight_date") | {"airport_week": "week_start"}


def build_reference(data: Path, file: Path) -> None:
    """Writes the eight tables of the whole year into a new DuckDB file."""
    with duckdb.connect(str(file)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(_LOCAL_FLIGHTS.format(data=data.as_posix()))
        for name, query in TABLES.items():
            connection.execute(f"create table {name} as {query.format(data=data.as_posix())}")


def differences(
    connection: duckdb.DuckDBPyConnection,
    actual: str,
    expected: str,
    *,
    where: str = "true",
    limit: int = 5,
) -> list[str]:
    """What keeps two relations from holding the same rows, at most `limit` lines; empty if nothing.

    Rows are compared as multisets: DOUBLE and FLOAT to a relative 1e-9 (absolute near 0, NaN equal to
    NaN), NULL equal to NULL, all else exactly. The columns must have the same names in the same
    order; of numbers, whole and exact ones may differ in width.
    """
    columns = _columns(connection, actual)
    wanted = _columns(connection, expected)
    if [name for name, _ in columns] != [name for name, _ in wanted]:
        return [f"columns {[n for n, _ in columns]} instead of {[n for n, _ in wanted]}"]
    kinds = [(name, _kind(a), _kind(b)) for (name, a), (_, b) in zip(columns, wanted, strict=True)]
    wrong = [f"column {name} is of kind {a} instead of {b}" for name, a, b in kinds if a != b]
    if wrong:
        return wrong
    floats = [name for name, kind, _ in kinds if kind == "float"]
    exact = [name for name, kind, _ in kinds if kind != "float"]
    return _unpaired(connection, actual, expected, exact, floats, where, limit)


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    rows = connection.execute(f"describe select * from {relation}").fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def _kind(type_name: str) -> str:
    if type_name in {"DOUBLE", "FLOAT"}:
        return "float"
    if type_name in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}:
        return "whole"
    return type_name


def _unpaired(
    connection: duckdb.DuckDBPyConnection,
    actual: str,
    expected: str,
    exact: list[str],
    floats: list[str],
    where: str,
    limit: int,
) -> list[str]:
    """Rows of either side without a partner on the other.

    Rows that agree on the exact columns are paired in the order of their floats. That order cannot
    pair wrongly unless two rows agree on all exact columns and on a float to within the tolerance.
    """
    order = ", ".join(_names(floats)) or "1"
    numbered = """
        select *, row_number() over (partition by {exact} order by {order}) as pair_number
        from {relation} where {where}
    """
    sides = [
        numbered.format(exact=", ".join(_names(exact)), order=order, relation=r, where=where)
        for r in (actual, expected)
    ]
    same = [f"a.{name} is not distinct from b.{name}" for name in [*_names(exact), "pair_number"]]
    close = [_close(name) for name in _names(floats)]
    query = f"""
        select a.pair_number is not null, b.pair_number is not null,
               {", ".join(f"a.{n}, b.{n}" for n in _names([*exact, *floats]))}
        from ({sides[0]}) a full join ({sides[1]}) b on {" and ".join(same)}
        where a.pair_number is null or b.pair_number is null
           or not ({" and ".join(close) or "true"})
        limit {limit}
    """
    found = connection.execute(query).fetchall()
    return [_describe(row, [*exact, *floats]) for row in found]


def _names(columns: Iterable[str]) -> list[str]:
    return ['"' + name.replace('"', '""') + '"' for name in columns]


def _close(name: str) -> str:
    a, b = f"a.{name}::double", f"b.{name}::double"
    return f"""coalesce(
        {a} = {b} or (isfinite({a}) and isfinite({b})
            and abs({a} - {b}) <= greatest(1e-9 * greatest(abs({a}), abs({b})), 1e-9)),
        {a} is null and {b} is null)"""


def _describe(row: tuple[object, ...], names: list[str]) -> str:
    in_actual, in_expected, *values = row
    actual = dict(zip(names, values[0::2], strict=True))
    expected = dict(zip(names, values[1::2], strict=True))
    if not in_expected:
        return f"unexpected row {actual}"
    if not in_actual:
        return f"missing row {expected}"
    return f"row {actual} instead of {expected}"
