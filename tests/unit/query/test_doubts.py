"""What `check` is told of a partition column: where NULL may come from, and whose days it counts."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo

DAY = PartitionInfo(column="day", grain="day")
COLUMNS = (("day", "DATE"), ("ts", "TIMESTAMP"), ("k", "INTEGER"), ("s", "VARCHAR"))
LTZ = {
    "snowflake": "TIMESTAMP_LTZ",
    "spark": "TIMESTAMP",
    "databricks": "TIMESTAMP",
    "bigquery": "TIMESTAMP",
}


def doubts(
    sql: str, dialect: str = "duckdb", columns: tuple[tuple[str, str], ...] = COLUMNS
) -> tuple[Diagnostic, ...]:
    """`{a}` is a raw table, `{b}` one that is partitioned by its `day`."""
    cut = PartitionInfo(column="day", grain="day", column_type=BoundType.DATE)
    refs = {
        "__sb_occurrence_0__": InputRef(relation="raw.a", columns=columns),
        "__sb_occurrence_1__": InputRef(relation="b", columns=columns, partition=cut),
    }
    text = sql.replace("{a}", "__sb_occurrence_0__").replace("{b}", "__sb_occurrence_1__")
    found = analyse(
        AnalysisRequest(model="m", sql=text, dialect=dialect, occurrences=refs, partition=DAY)
    )
    assert not found.errors
    return found.doubts


def null_doubt(sql: str, dialect: str = "duckdb") -> Diagnostic | None:
    found = [d for d in doubts(sql, dialect) if d.code == "PARTITION_MAY_BE_NULL"]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select day, k from {a} as a", "comes from `day` of `raw.a`"),
        ("select ts::date as day, k from {a} as a", "comes from `ts` of `raw.a`"),
        ("with c as (select ts::date as day from {a} as a) select day from c", "`ts` of `raw.a`"),
        ("select b.day from {a} as a left join {b} as b on a.k = b.k", "an outer join fills"),
        ("select b.day from {b} as b right join {a} as a on a.k = b.k", "an outer join fills"),
        ("select b.day from {b} as b full join {a} as a on a.k = b.k", "an outer join fills"),
        ("select case when k > 0 then day end as day from {b} as b", "a CASE or IF gives NULL"),
        ("select nullif(day, date '2024-01-01') as day from {b} as b", "nothing shows"),
        ("select try_cast(s as date) as day from {b} as b where s is not null", "cannot read"),
        ("select max(day) as day from {b} as b", "where there is no row"),
        ("select day, k from {b} as b group by rollup (day, k)", "ROLLUP, CUBE and GROUPING SETS"),
        ("select lag(day) over (order by day) as day from {b} as b", "nothing shows"),
        ("select day from {b} as b union all select ts::date from {a} as a", "`ts` of `raw.a`"),
        ("select null::date as day from {b} as b", "it is NULL in what the query selects"),
        ("select ts::date as day from {a} as a where k > 0 or ts is not null", "`ts` of `raw.a`"),
        ("select ts::date as day from {a} as a where ts not in (select ts from {b} as b)", "`ts`"),
        ("select (select max(day) from {b} as b) as day from {b} as c", "nothing shows"),
    ],
)
def test_what_may_make_the_partition_null_is_named(sql: str, reason: str) -> None:
    doubt = null_doubt(sql)

    assert doubt is not None
    assert doubt.message.startswith("`day` may be NULL, and such rows are never written: ")
    assert reason in doubt.message
    assert doubt.fix


@pytest.mark.parametrize(
    "sql",
    [
        "select day, k from {b} as b",
        "select timezone('UTC', a.ts)::date as day from {a} as a where ts is not null",
        "select ts::date as day from {a} as a where ts is not null",
        "select ts::date as day from {a} as a where ts >= timestamp '2024-01-01'",
        "select ts::date as day from {a} as a where ts::date between date '2024-01-01' and date '2025-01-01'",
        "select day, count(*) from {a} as a where day in (date '2024-01-01') group by day",
        "select day, count(*) from {a} as a group by day having day is not null",
        "select ts::date as day, row_number() over (order by k) as n from {a} as a qualify ts is not null",
        "select coalesce(a.day, date '1970-01-01') as day from {a} as a",
        "select coalesce(a.day, b.day) as day from {b} as b left join {a} as a on a.k = b.k",
        "select a.day from {a} as a join {b} as b on a.day = b.day",
        "select b.day from {a} as a left join {b} as b on a.k = b.k where b.k > 0",
        "select case when k > 0 then day else day + 1 end as day from {b} as b",
        "select max(day) as day, k from {b} as b group by k",
        "select day, k from {b} as b group by rollup (day, k) having day is not null",
        "with c as (select day from {b} as b) select day from c",
        "select day from {b} as b union all select ts::date from {a} as a where ts > timestamp '2024-01-01'",
        "select day from {b} as b intersect select day from {a} as a",
        "select day from {b} as b except select day from {a} as a",
        "select date_trunc('week', day)::date + interval 1 day as day from {b} as b",
        "select day from {b} as b semi join {a} as a on a.k = b.k",
    ],
)
def test_nothing_is_said_where_it_is_provably_not_null(sql: str) -> None:
    assert null_doubt(sql) is None


def test_a_raw_column_is_a_note_and_what_the_query_itself_does_a_warning() -> None:
    raw = null_doubt("select day from {a} as a")
    outer = null_doubt("select b.day from {a} as a left join {b} as b on a.k = b.k")

    assert raw is not None
    assert outer is not None
    assert (raw.severity, outer.severity) == (Severity.NOTE, Severity.WARNING)
    assert "`where day is not null`" in (raw.fix or "")


ZONELESS = [
    ("duckdb", "select t::date as day from {a} as a"),
    ("duckdb", "select cast(t as timestamp) as day from {a} as a"),
    ("duckdb", "select date_trunc('day', t) as day from {a} as a"),
    ("duckdb", "select k, day from {b} as b where extract(hour from t) = 3"),
    ("postgres", "select t::date as day from {a} as a"),
    ("postgres", "select date_trunc('month', t) as day from {a} as a"),
    ("snowflake", "select t::date as day from {a} as a"),
    ("snowflake", "select to_date(t) as day from {a} as a"),
    ("snowflake", "select date_trunc('day', t) as day from {a} as a"),
    ("spark", "select to_date(t) as day from {a} as a"),
    ("spark", "select cast(t as date) as day from {a} as a"),
    ("spark", "select date_trunc('DAY', t) as day from {a} as a"),
    ("databricks", "select date(t) as day from {a} as a"),
]
ZONED = [
    ("duckdb", "select (t at time zone 'UTC')::date as day from {a} as a"),
    ("duckdb", "select date_trunc('hour', t) as day from {a} as a"),
    ("duckdb", "select ts::date as day from {a} as a"),
    ("duckdb", "select day, extract(epoch from t) as e from {a} as a"),
    ("postgres", "select (t at time zone 'Europe/Berlin')::date as day from {a} as a"),
    ("snowflake", "select convert_timezone('UTC', t)::date as day from {a} as a"),
    ("bigquery", "select date(t) as day from {a} as a"),
    ("bigquery", "select date(t, 'Europe/Berlin') as day from {a} as a"),
    ("spark", "select to_date(from_utc_timestamp(t, 'Europe/Berlin')) as day from {a} as a"),
]


def zone_doubts(dialect: str, sql: str) -> list[Diagnostic]:
    columns = (
        *COLUMNS[:1],
        ("ts", _naive(dialect)),
        *COLUMNS[2:],
        ("t", LTZ.get(dialect, "TIMESTAMPTZ")),
    )
    return [d for d in doubts(sql, dialect, columns) if d.code == "ZONELESS_CAST"]


def _naive(dialect: str) -> str:
    return {"bigquery": "DATETIME", "spark": "TIMESTAMP_NTZ", "snowflake": "TIMESTAMP_NTZ"}.get(
        dialect, "TIMESTAMP"
    )


@pytest.mark.parametrize(("dialect", "sql"), ZONELESS)
def test_a_day_of_an_instant_without_a_zone_is_found(dialect: str, sql: str) -> None:
    [found] = zone_doubts(dialect, sql)

    assert found.severity is Severity.WARNING
    assert "without a time zone" in found.message
    assert found.fix


@pytest.mark.parametrize(("dialect", "sql"), ZONED)
def test_a_day_whose_zone_is_written_or_fixed_is_not(dialect: str, sql: str) -> None:
    assert zone_doubts(dialect, sql) == []
