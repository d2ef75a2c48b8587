"""Snowflake's SQL beside what Snowflake answers, by its documentation: what DuckDB must answer too.

`python -m tests.contract.snowflake_expressions` prints the tables of docs/local-testing.md.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any


def _at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 # as the engine gives them


COVERED: dict[str, list[tuple[str, Any]]] = {
    "Dates": [
        ("dateadd(day, 1, '2020-01-31'::date)", date(2020, 2, 1)),
        ("dateadd(month, 1, '2020-01-31'::date)", date(2020, 2, 29)),
        ("dateadd(hour, 1, '2020-01-01'::date)", _at(2020, 1, 1, 1)),
        ("datediff(day, '2020-01-01'::date, '2020-02-01'::date)", 31),
        ("datediff(month, '2020-01-31'::date, '2020-02-01'::date)", 1),
        ("datediff(week, '2020-01-05'::date, '2020-01-06'::date)", 1),
        ("datediff(hour, '2020-01-01 00:59:00'::timestamp, '2020-01-01 01:00:00'::timestamp)", 1),
        ("date_trunc('week', '2020-01-05'::date)", date(2019, 12, 30)),
        ("date_trunc(month, '2020-01-05 07:00:00'::timestamp_ntz)", _at(2020, 1, 1)),
        ("trunc('2020-05-05'::date, 'month')", date(2020, 5, 1)),
        ("last_day('2020-02-05'::date)", date(2020, 2, 29)),
        ("add_months('2020-01-31'::date, 1)", date(2020, 2, 29)),
        ("next_day('2020-01-05'::date, 'mo')", date(2020, 1, 6)),
        ("dayofweek('2020-01-05'::date)", 0),
        ("dayofweekiso('2020-01-05'::date)", 7),
        ("weekiso('2020-01-05'::date)", 1),
        ("dayname('2020-01-05'::date)", "Sun"),
        ("monthname('2020-01-05'::date)", "Jan"),
        ("date_from_parts(2020, 1, 5)", date(2020, 1, 5)),
        (
            "timestampdiff(minute, '2024-01-01 00:00:00'::timestamp, '2024-01-01 01:30:00'::timestamp)",
            90,
        ),
        ("'2020-01-05'::date + 1", date(2020, 1, 6)),
        ("'2020-01-05'::date - '2020-01-01'::date", 4),
        ("date_part('epoch_second', '2020-01-05'::timestamp_ntz)", 1578182400),
        (
            "time_slice('2020-01-05 10:17:00'::timestamp_ntz, 15, 'MINUTE')",
            _at(2020, 1, 5, 10, 15),
        ),
        (
            "convert_timezone('UTC', 'America/New_York', '2020-01-05 10:00:00'::timestamp_ntz)",
            _at(2020, 1, 5, 5),
        ),
    ],
    "Texts to dates and back": [
        ("to_date('2020-01-05')", date(2020, 1, 5)),
        ("to_date('05/01/2020', 'DD/MM/YYYY')", date(2020, 1, 5)),
        ("to_date('20200105', 'YYYYMMDD')", date(2020, 1, 5)),
        ("try_to_date('x')", None),
        ("to_timestamp_ntz('2020-01-05 10:00:00')", _at(2020, 1, 5, 10)),
        ("to_timestamp('05/01/2020 10', 'DD/MM/YYYY HH24')", _at(2020, 1, 5, 10)),
        ("to_timestamp_ntz(1578218400)", _at(2020, 1, 5, 10)),
        ("to_char('2020-01-05'::date, 'YYYY-MM')", "2020-01"),
        ("to_time('10:00:00')", time(10)),
    ],
    "Numbers": [
        ("7 / 2", 3.5),
        ("5::int / 2::int", 2.5),
        ("div0(1, 0)", 0),
        ("mod(-7, 3)", -1),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("truncate(2.57, 1)", Decimal("2.5")),
        ("12.6::int", 13),
        ("'12'::int", 12),
        ("to_number('12.5', 10, 1)", Decimal("12.5")),
        ("try_to_number('x')", None),
        ("greatest(1, 2, null)", None),
        ("bitand(6, 3)", 2),
        ("zeroifnull(null)", 0),
    ],
    "Conditions": [
        ("iff(1 > 2, 'a', 'b')", "b"),
        ("nvl(null, 1)", 1),
        ("nvl2(null, 1, 2)", 2),
        ("decode(1, 1, 'a', 'b')", "a"),
        ("equal_null(null, null)", True),
        ("nullifzero(0)", None),
        ("concat_ws('|', 'a', null)", None),
        ("to_boolean('yes')", True),
        ("try_cast('x' as int)", None),
    ],
    "Texts": [
        ("'a' || null", None),
        ("split_part('a,b,c', ',', 2)", "b"),
        ("split('a,b', ',')[0]::string", "a"),
        ("charindex('b', 'abc')", 2),
        ("substr('abc', 2, 1)", "b"),
        ("left('abc', 2)", "ab"),
        ("lpad('1', 3, '0')", "001"),
        ("initcap('hello world')", "Hello World"),
        ("contains('abc', 'b')", True),
        ("startswith('abc', 'a')", True),
        ("'ABC' ilike 'a%'", True),
        ("sha2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("editdistance('abc', 'abd')", 1),
        ("translate('abc', 'ab', 'xy')", "xyc"),
        ("strtok('a b c', ' ', 2)", "b"),
    ],
    "Regular expressions": [
        ("regexp_like('xabc', 'a.*')", False),
        ("'abc' rlike 'a.*'", True),
        ("regexp_replace('abcabc', 'b', 'x')", "axcaxc"),
        ("regexp_substr('abc123', '[0-9]+')", "123"),
        ("regexp_substr('a1b22', '[0-9]+', 1, 2)", "22"),
        ("regexp_count('aXbX', 'X')", 2),
        ("regexp_instr('abc', 'b')", 2),
    ],
    "Semi-structured": [
        ("""parse_json('{"a": {"b": "x"}}'):a.b::string""", "x"),
        ("""parse_json('{"a": 1}'):a::int""", 1),
        ("""parse_json('{"a": ["x", "y"]}'):a[1]::string""", "y"),
        ("array_construct(1, 2)[0]", 1),
        ("get(array_construct(1, 2), 1)", 2),
        ("array_size(array_construct(1, 2))", 2),
        ("array_contains(1, array_construct(1, 2))", True),
        ("array_to_string(array_construct('a', 'b'), ',')", "a,b"),
        ("array_slice(array_construct(1, 2, 3), 0, 2)", [1, 2]),
        ("try_parse_json('{')", None),
    ],
}
"""Scalar expressions by theme, each with the value that Snowflake gives."""

QUERIES: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("select x from (values (1), (null)) t(x) order by x desc", [(None,), (1,)]),
    ("select x from (values (1), (null)) t(x) order by x", [(1,), (None,)]),
    (
        "select x, y from (values (1, 'a'), (1, 'b')) t(x, y) qualify row_number() over (partition by x order by y desc) = 1",
        [(1, "b")],
    ),
    ("select array_agg(x) from (values (1), (null)) t(x)", [([1],)]),
    (
        "select listagg(x, '-') within group (order by x desc) from (values (1), (null), (2)) t(x)",
        [("2-1",)],
    ),
    ("select count_if(x > 1), booland_agg(x > 0) from (values (1), (2)) t(x)", [(1, True)]),
    (
        """select f.value:k::string, f.index from (select parse_json('[{"k": "v"}]') as a) t, lateral flatten(input => t.a) f""",
        [("v", 0)],
    ),
    (
        "select t.id, f.value::string from (select 1 as id, split('a,b', ',') as a) t, table(flatten(t.a)) f order by f.index",
        [(1, "a"), (1, "b")],
    ),
    (
        "select t.id, f.value::int from (select 1 as id, null as a union all select 2, '[3]') t, lateral flatten(input => parse_json(t.a), outer => true) f order by 1",
        [(1, None), (2, 3)],
    ),
    (
        "select f.key, f.value::int from (select parse_json('{\"k\": 3}') as a) t, lateral flatten(input => t.a) f",
        [("k", 3)],
    ),
    ("select a from (values (1)) t(a) minus select 2", [(1,)]),
    ("select * exclude (b) from (values (1, 2)) t(a, b)", [(1,)]),
    (
        "select last_value(x) over (partition by 1 order by x) from (values (1), (2)) t(x)",
        [(2,), (2,)],
    ),
    (
        "select array_agg(distinct a) within group (order by a) from (values (2), (1)) t(a)",
        [([1, 2],)],
    ),
    (
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 3) select * from r",
        [(1,), (2,), (3,)],
    ),
    ("select a, count(*) as c from (values (1), (1)) t(a) group by all having c > 1", [(1, 2)]),
    ("select a from (values ('ax'), ('b')) t(a) where a like any ('a%', 'c%')", [("ax",)]),
    (
        "select first_value(a) ignore nulls over (order by b) from (values (null, 1), (2, 2)) t(a, b)",
        [(2,), (2,)],
    ),
    (
        'select t.id, f.value:k::int from (select 1 as id, parse_json(\'{"a": [{"k": 1}]}\') as p) t, lateral flatten(input => t.p:a) f',
        [(1, 1)],
    ),
    ("select a as b, b + 1 as c from (values (1)) t(a)", [(1, 2)]),
    (
        "select row_number() over (order by seq4()) from table(generator(rowcount => 2))",
        [(1,), (2,)],
    ),
]
"""Whole queries with the rows that Snowflake gives."""

REFUSED: list[tuple[str, str]] = [
    ("soundex('abc')", "soundex"),
    ("ratio_to_report(1) over ()", "ratio_to_report"),
    ("conditional_true_event(true) over (order by 1)", "conditional_true_event"),
    ("width_bucket(5, 0, 10, 5)", "width_bucket"),
    ("object_agg('a', 1)", "object_agg"),
    ("my_company_udf(1)", "my_company_udf"),
    ("hll_accumulate(1)", "hll_accumulate"),
]
"""What does not come over, and the function that the error names."""


def covered_tables() -> str:
    """The tables of the page, as Markdown."""
    lines: list[str] = []
    for theme, rows in COVERED.items():
        lines += [f"### {theme}", "", "| Snowflake | result |", "|---|---|"]
        lines += [f"| {_code(sql)} | {_code(_shown(value))} |" for sql, value in rows]
        lines.append("")
    lines += ["### Queries", "", "| Snowflake | rows |", "|---|---|"]
    lines += [f"| {_code(sql)} | {_code(_rows(rows))} |" for sql, rows in QUERIES]
    lines += ["", "### Refused", "", "| Snowflake | names |", "|---|---|"]
    lines += [f"| {_code(sql)} | {_code(name)} |" for sql, name in REFUSED]
    return "\n".join(lines)


def _rows(rows: list[tuple[Any, ...]]) -> str:
    return "; ".join(", ".join(_shown(value) for value in row) for row in rows)


def _shown(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    print(covered_tables())  # noqa: T201 # this is what it is for
