"""The rarer operators in the forms of each dialect: what is bounded, what is not, and why."""

from __future__ import annotations

import re

import pytest

from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import (
    AnalysisRequest,
    InputRef,
    PartitionInfo,
    QueryFacts,
    ReadKind,
    Verdict,
)

_COLUMNS = (
    ("d", "DATE"),
    ("e", "DATE"),
    ("ts", "TIMESTAMP"),
    ("k", "INTEGER"),
    ("v", "INTEGER"),
    ("l", "ARRAY<DATE>"),
)


def _facts(sql: str, dialect: str = "duckdb") -> QueryFacts:
    markers = sorted(set(re.findall(r"\{\w\}", sql)))
    occurrences = {}
    for number, marker in enumerate(markers):
        name = f"__sb_occurrence_{number}__"
        sql = sql.replace(marker, name)
        types = [
            (n, t if dialect != "duckdb" else t.replace("ARRAY<DATE>", "DATE[]"))
            for n, t in _COLUMNS
        ]
        occurrences[name] = InputRef(
            relation=marker.strip("{}"),
            columns=tuple(types),
            partition=PartitionInfo(column="d", grain="day"),
        )
    return analyse(
        AnalysisRequest(
            model="m",
            sql=sql,
            dialect=dialect,
            occurrences=occurrences,
            partition=PartitionInfo(column="p", grain="day"),
        )
    )


def _reads(sql: str, dialect: str = "duckdb") -> dict[str, tuple[ReadKind, int | None, int | None]]:
    return {
        read.relation: (read.kind, read.start_offset, read.end_offset)
        for read in _facts(sql, dialect).reads
    }


_SAME = (ReadKind.WINDOW, 0, 0)
_SPINE = "left join {a} as a on a.d = s.p group by s.p"


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [
        ("duckdb", "select p from (select d as p, k, v from {a}) pivot (sum(v) for k in (1, 2))"),
        ("duckdb", "select z.d as p from {a} as a pivot (sum(v) for k in (1, 2) group by d) as z"),
        ("duckdb", "select z.q as p from (select d, k, v from {a}) pivot (sum(v) for k in (1)) as z(q, x)"),
        ("duckdb", "select d as p, x from {a} unpivot (x for m in (k, v))"),
        ("duckdb", "select a.d as p, u.x from {a} as a left join unnest(a.l) with ordinality as u(x, o) on true"),
        ("duckdb", "select d as p, unnest(l) as x from {a}"),
        ("duckdb", "select a.d as p, r.n from {a} as a, range(a.k) as r(n)"),
        ("duckdb", "select u.x as p from {a} as a cross join unnest(a.l) as u(x) where u.x = a.d"),
        ("duckdb", "select s.p, count(a.k) as n from generate_series(date '2013-01-01', date '2014-01-01', interval 1 day) as s(p) " + _SPINE),
        ("duckdb", "select s.p, count(a.k) as n from (select unnest(range(date '2013-01-01', date '2014-01-01', interval 1 day)) as p) as s " + _SPINE),
        ("spark", "select s.p, count(a.k) as n from (select explode(sequence(date'2013-01-01', date'2014-01-01', interval 1 day)) as p) as s " + _SPINE),
        ("bigquery", "select p, count(a.k) as n from unnest(generate_date_array('2013-01-01', '2014-01-01')) as p left join {a} as a on a.d = p group by p"),
        ("spark", "select a.d as p, x from {a} as a lateral view outer explode(a.l) s as x"),
        ("snowflake", "select a.d as p, f.value from {a} as a, lateral flatten(input => a.l) f"),
        ("snowflake", "select a.d as p, f.value from {a} as a, table(flatten(input => a.l)) f"),
        ("postgres", "with recursive r(p, n) as (select d, 0 from {a} union select r.p, r.n + 1 from r where r.n < 3) select p, n from r"),
        ("duckdb", "with recursive r as (select d as p, k from {a} union all select r.p, b.k from r join {a} as b on b.k = r.k + 1 and b.d = r.p) select p, k from r"),
    ],
)  # fmt: skip
def test_rows_of_other_days_are_left_out(dialect: str, sql: str) -> None:
    found = _facts(sql, dialect)
    assert _reads(sql, dialect) == {"a": _SAME}
    assert found.verdict is Verdict.PROVEN


@pytest.mark.parametrize(
    ("dialect", "sql", "code"),
    [
        ("duckdb", "select z.one as p from {a} as a pivot (max(d) for k in (1 as one)) as z", "PIVOT_ON_P"),
        ("duckdb", "select z.d as p from {a} as a pivot (max(d) for k in (1 as d)) as z", "PIVOT_ON_P"),
        ("duckdb", "select z.x as p from {a} as a unpivot (x for m in (d, e)) as z", "PIVOT_ON_P"),
        ("snowflake", "select z.d as p from {a} as a pivot (sum(v) for k in (any)) as z", "UNKNOWN_NODE"),
        ("duckdb", "select a.d as p from {a} as a cross join {b} as b pivot (sum(v) for k in (1)) as z", "UNKNOWN_NODE"),
        ("duckdb", "select u.x as p from {a} as a cross join unnest(a.l) as u(x)", "P_FROM_UNNEST"),
        ("spark", "select s.x as p from {a} as a lateral view explode(a.l) s as x", "P_FROM_UNNEST"),
        ("duckdb", "select a.d as p from {a} as a asof join {b} as b using (k, ts)", "UNKNOWN_NODE"),
        ("duckdb", "select a.d as p from {a} as a, {c} as c asof join {b} as b on a.k = b.k and b.ts >= c.ts", "UNKNOWN_NODE"),
        ("duckdb", "select a.d as p from {a} as a asof right join {b} as b on a.k = b.k and a.ts >= b.ts", "UNKNOWN_NODE"),
        ("duckdb", "with recursive r as (select d as p, 0 as n from {a} union all select r.p + 1, r.n + 1 from r where r.n < 3) select p from r", "RECURSIVE"),
        ("duckdb", "with recursive r as (select d as p, 0 as n from {a} union all select r.p, r.n + 1 from r where r.n < (select count(*) from r)) select p from r", "RECURSIVE"),
        ("duckdb", "with recursive r as (select d as p, 0 as n from {a} union all select max(r.p) over (), r.n + 1 from r where r.n < 3) select p from r", "RECURSIVE"),
        ("postgres", "with recursive r as (select d as p, 0 as n from {a} union all (select r.p, r.n + 1 from r where r.n < 3 limit 2)) select p from r", "RECURSIVE"),
        ("duckdb", "select d as p from {a} tablesample system (10 percent)", "SAMPLE"),
        ("duckdb", "select d as p from {a} using sample 10 rows", "SAMPLE"),
        ("hive", "select d as p from {a} tablesample (10 percent)", "SAMPLE"),
        ("duckdb", "select d as p from {a} where d not in (select d from {b})", "NOT_IN_NULL"),
        ("duckdb", "select d as p from {a} where k = 1 or d in (select d from {b})", "NOT_IN_NULL"),
    ],
)  # fmt: skip
def test_what_needs_more_says_why(dialect: str, sql: str, code: str) -> None:
    found = _facts(sql, dialect)
    assert found.verdict is not Verdict.PROVEN
    assert code in {reason.code for reason in found.reasons}
    assert any(read.start_offset is None and read.end_offset is None for read in found.reads)


@pytest.mark.parametrize(
    ("join", "right"),
    [
        ("asof join {b} as b on a.k = b.k and a.ts >= b.d", (ReadKind.PAST, None, 0)),
        ("asof left join {b} as b on a.k = b.k and b.d < a.ts", (ReadKind.PAST, None, 0)),
        ("asof join {b} as b on a.k = b.k and a.ts <= b.d", (ReadKind.FUTURE, 0, None)),
        ("asof join {b} as b on a.d = b.d and a.ts >= b.ts", _SAME),
    ],
)
def test_an_asof_join_reads_its_right_side_to_one_end(
    join: str, right: tuple[ReadKind, int | None, int | None]
) -> None:
    found = _reads(f"select a.ts::date as p, b.v from {{a}} as a {join} where a.d = a.ts::date")
    assert found == {"a": _SAME, "b": right}


def test_a_bound_on_the_right_of_an_asof_join_is_not_one_on_what_is_searched() -> None:
    found = _reads("select b.d as p from {a} as a asof join {b} as b on a.k = b.k and a.d >= b.d")
    assert found == {"a": (ReadKind.FUTURE, 0, None), "b": (ReadKind.ALL, None, None)}


@pytest.mark.parametrize(
    ("order", "nulls"),
    [
        ("d", True), ("d nulls last", False), ("d nulls first", True), ("d asc nulls last", False),
        ("d desc nulls last", False), ("d desc nulls first", True), ('"d" nulls last', False),
    ],
)  # fmt: skip
def test_rows_without_a_key_are_read_unless_the_order_puts_them_beyond_the_frame(
    order: str, nulls: bool
) -> None:
    found = _facts(f"select d as p, sum(v) over (partition by k order by {order}) as t from {{a}}")
    (read,) = found.reads
    assert read.window is not None
    assert read.window.nulls is nulls


def test_a_sample_by_row_keeps_the_bounds_and_is_left_to_chance() -> None:
    found = _facts("select d as p from {a} tablesample bernoulli (10 percent)")
    assert [read.kind for read in found.reads] == [ReadKind.WINDOW]
    assert found.strategies == ("range",)
    assert [reason.code for reason in found.reasons] == ["SAMPLE"]


def test_asof_joins_that_may_tie_are_harmless_only_within_the_partition() -> None:
    within = _facts("select a.d as p, b.v from {a} as a asof join {b} as b on a.ts >= b.ts")
    across = _facts("select b.e as p, b.v from {a} as a asof join {b} as b on a.ts >= b.ts")
    assert within.has_confined_choices
    assert "TIES" not in {reason.code for reason in within.reasons}
    assert "TIES" in {reason.code for reason in across.reasons}


def test_a_recursive_query_comes_from_all_columns_that_a_step_may_make_it_of() -> None:
    found = _facts(
        "with recursive r as (select d as p, k, v as n from {a} union all "
        "select r.p, r.n, r.k from r join {b} as b on b.d = r.p where r.n < b.v) select p, k, n from r"
    )
    assert found.columns[1].sources == (("a", "d"), ("a", "k"), ("a", "v"))


@pytest.mark.parametrize(
    "sql",
    [
        "select distinct on (x.d, (select max(y.e) from {b} as y)) x.d as p, x.k from {a} as x order by x.d",
        "select x.d as p, x.k from {a} as x order by x.k limit (select count(*) from {b} as y)",
        "select x.d as p, x.k from {a} as x order by x.k offset (select count(*) from {b} as y)",
        "select x.d as p, sum(x.v) over w as s from {a} as x window w as (partition by x.d, (select max(y.e) from {b} as y))",
        "(select d as p from {a}) union all (select d from {a}) order by (select max(y.e) from {b} as y)",
        "(select d as p from {a} order by k) limit (select count(*) from {b} as y)",
    ],
)
def test_a_query_in_any_clause_is_read(sql: str) -> None:
    assert _reads(sql)["b"][0] is ReadKind.ALL


def test_weeks_with_other_first_days_are_other_weeks() -> None:
    within = "sum(v) over (partition by date_trunc(d, {week})) as s"
    sql = f"select date_trunc(d, week) as p, {within} from {{a}}"

    assert _reads(sql.replace("{week}", "week"), "bigquery")["a"] == (ReadKind.WINDOW, 0, 6)
    # A Sunday's week holds two that begin on Mondays: the first starts six days before it.
    assert _reads(sql.replace("{week}", "week(monday)"), "bigquery")["a"] == (
        ReadKind.WINDOW,
        -6,
        7,
    )


@pytest.mark.parametrize(
    ("clock", "dialect"),
    [
        ("localtimestamp", "duckdb"), ("current_localtimestamp()", "duckdb"), ("age(ts)", "duckdb"),
        ("current_time()", "snowflake"), ("localtimestamp()", "spark"), ("localtime", "postgres"),
    ],
)  # fmt: skip
def test_a_clock_is_known_under_any_name(clock: str, dialect: str) -> None:
    found = _facts(f"select d as p, k from {{a}} where ts < {clock}", dialect)

    assert found.is_clock_dependent


def test_the_time_between_two_columns_is_no_clock() -> None:
    assert not _facts("select d as p, age(ts, e) as a from {a}").is_clock_dependent


def test_a_shuffled_list_differs_from_run_to_run() -> None:
    assert _facts("select d as p, shuffle(array(k, v)) as l from {a}", "spark").is_volatile
