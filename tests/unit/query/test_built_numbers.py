"""Dates followed through the numbers and texts that the SQL builds of them: which forms, and how offsets count."""

from datetime import UTC, date, datetime

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts, ReadKind

COLUMNS = (
    ("d", "DATE"),
    ("ts", "TIMESTAMP"),
    ("tz", "TIMESTAMPTZ"),
    ("s", "TEXT"),
    ("v", "BIGINT"),
)
SPARK = (
    ("d", "DATE"),
    ("ts", "TIMESTAMP_NTZ"),
    ("tz", "TIMESTAMP"),
    ("s", "STRING"),
    ("v", "BIGINT"),
)
EVERYTHING = Interval(nulls=True)


def _facts(sql: str, dialect: str = "duckdb", *, zone: str = "UTC", grain: str = "1") -> QueryFacts:
    return analyse(
        AnalysisRequest(
            model="m",
            sql=sql.replace("from t", "from __sb_occurrence_0__ as t"),
            dialect=dialect,
            occurrences={
                "__sb_occurrence_0__": InputRef(
                    relation="t", columns=SPARK if dialect == "spark" else COLUMNS
                )
            },
            partition=PartitionInfo(column="p", grain=grain, column_type=None),
            session_timezone=zone,
        )
    )


def _of(expression: str, dialect: str = "duckdb", **given: str) -> QueryFacts:
    return _facts(f"select {expression} as p from t", dialect, **given)


def _interval(facts: QueryFacts, lo: int, hi: int) -> Interval:
    (occurrence,) = facts.occurrences
    (one,) = occurrence.ranges
    return one.window.evaluate(lo, hi)


@pytest.mark.parametrize(
    ("dialect", "expression"),
    [
        ("duckdb", "cast(strftime(d, '%y%m%d') as int)"),
        ("duckdb", "cast(strftime(d, '%d%m%Y') as int)"),
        ("duckdb", "cast(strftime(d, '%Y%-m%-d') as int)"),
        ("duckdb", "cast(strftime(d, '%Y%j') as int)"),
        ("duckdb", "cast(strftime(d, '%G%V') as int)"),
        ("duckdb", "cast(strftime(d, '%m%d') as int)"),
        ("duckdb", "cast(strftime(d, '%Y-%m-%d') as int)"),
        ("duckdb", "cast(strftime(d, s) as int)"),
        ("duckdb", "cast(strftime('%Y%m%d', tz) as int)"),
        ("duckdb", "cast(s as int)"),
        ("duckdb", "cast(s as date)"),
        ("duckdb", "cast(strftime(d, '%Y-%d-%m') as date)"),
        ("duckdb", "year(d) * 10000 + month(d) * 100 + day(ts)"),
        ("duckdb", "year(d) * 1000 + month(d) * 100 + day(d)"),
        ("duckdb", "month(d)"),
        ("duckdb", "v * -1"),
        ("duckdb", "v // -2"),
        ("duckdb", "DATE '2013-03-10' - d"),
        ("duckdb", "date_diff('week', DATE '2013-03-10', d)"),
        ("postgres", "to_char(d, 'YYMMDD')::integer"),
        ("postgres", "to_char(d, 'IYYYIW')::integer"),
        ("postgres", "to_char(d, 'FMYYYYFMMM')::integer"),
        ("postgres", "to_char(d, 'DDMMYYYY')::integer"),
        ("spark", "cast(date_format(d, 'yMd') as int)"),
        ("spark", "cast(date_format(d, 'yyyyMMddhh') as int)"),
        ("spark", "cast(date_format(d, 'yyMMdd') as int)"),
        ("spark", "cast(date_format(s, 'yyyyMMdd') as int)"),
        ("spark", "unix_timestamp(s)"),
        ("spark", "cast(s as bigint)"),
        ("snowflake", "to_number(to_char(d, 'YYMMDD'))"),
        ("snowflake", "to_number(to_char(d, 'YYYYMON'))"),
        ("snowflake", "to_number(to_char(d))"),
        ("snowflake", "to_char(d, 'YYYY-MM-DD')::date"),
        ("bigquery", "cast(format_date('%y%m%d', d) as int64)"),
    ],
)
def test_forms_that_may_not_keep_the_order_of_time_bound_nothing(
    dialect: str, expression: str
) -> None:
    facts = _of(expression, dialect)
    assert [read.kind for read in facts.reads] == [ReadKind.UNKNOWN]
    assert [one.ranges for one in facts.occurrences] == [()]


@pytest.mark.parametrize(
    ("dialect", "expression"),
    [
        ("duckdb", "cast(strftime(d, '%Y%m%d') as int)"),
        ("duckdb", "cast(strftime('%Y%m%d', d) as bigint)"),
        ("duckdb", "year(d) * 10000 + month(d) * 100 + day(d)"),
        ("duckdb", "10000 * extract(year from d) + 100 * extract(month from d) + extract(day from d)"),
        ("postgres", "to_char(d, 'yyyymmdd')::bigint"),
        ("spark", "int(date_format(d, 'yyyyMMdd'))"),
        ("spark", "year(d) * 10000 + month(d) * 100 + day(d)"),
        ("snowflake", "to_char(d, 'YYYYMMDD')::number"),
        ("bigquery", "cast(format_date('%Y%m%d', d) as int64)"),
    ],
)  # fmt: skip
def test_the_number_of_a_day_reads_that_day(dialect: str, expression: str) -> None:
    facts = _of(expression, dialect)
    (read,) = facts.reads
    assert (read.kind, read.start_offset, read.end_offset) == (ReadKind.WINDOW, 0, 0)
    assert facts.partition_type is BoundType.INTEGER
    day = Interval(date(2024, 2, 29), date(2024, 3, 1))
    assert _interval(facts, 20240229, 20240230) == day
    assert _interval(facts, 20240229, 20240301) == day


@pytest.mark.parametrize("bounds", [(0, 1), (9991231, 9991232), (20240101, 99991299)])
def test_numbers_of_other_years_than_those_of_four_digits_bound_nothing(
    bounds: tuple[int, int],
) -> None:
    assert _interval(_of("cast(strftime(d, '%Y%m%d') as int)"), *bounds) == EVERYTHING


def test_offsets_of_written_days_count_the_numbers_between_them() -> None:
    facts = _facts(
        "select cast(strftime(d, '%Y%m%d') as int) as p,"
        " sum(v) over (order by d range between interval 6 day preceding and current row) as v from t"
    )
    (read,) = facts.reads
    # Six days before 20120101 lies 20111226.
    assert (read.start_offset, read.end_offset) == (20111226 - 20120101, 0)
    assert _interval(facts, 20120101, 20120102) == Interval(date(2011, 12, 26), date(2012, 1, 2))


@pytest.mark.parametrize("key", ["d - DATE '2013-03-10'", "date_diff('day', DATE '1970-01-01', d)"])
def test_offsets_of_counted_days_count_days(key: str) -> None:
    facts = _facts(
        f"select {key} as p, sum(v) over (order by {key} range between 6 preceding and current row)"
        " as v from t"
    )
    (read,) = facts.reads
    assert (read.start_offset, read.end_offset) == (-6, 0)


def test_a_partition_of_several_days_of_a_month_reads_them_and_no_others() -> None:
    facts = _of("cast(strftime(ts, '%Y%m%d') as int)", grain="100")
    (read,) = facts.reads
    assert (read.start_offset, read.end_offset) == (0, 0)
    month = Interval(datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC))
    assert _interval(facts, 20240200, 20240300) == month


def test_the_digits_of_an_instant_are_read_by_the_session_clock() -> None:
    facts = _of("cast(strftime(tz, '%Y%m%d') as int)", zone="America/New_York")
    assert _interval(facts, 20130310, 20130311) == Interval(
        datetime(2013, 3, 10, 5, tzinfo=UTC), datetime(2013, 3, 11, 4, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("dialect", "grouped", "shown"),
    [
        ("snowflake", "to_char(d, 'DDMMYYYY')", "to_number(to_char(d, 'YYYYMMDD'))"),
        ("duckdb", "cast(v / 2 as bigint)", "v // 2"),
    ],
)
def test_expressions_that_print_alike_in_plain_sql_are_kept_apart(
    dialect: str, grouped: str, shown: str
) -> None:
    facts = _facts(f"select {shown} as p from t group by {grouped}", dialect)
    assert [read.kind for read in facts.reads] == [ReadKind.ALL]


def test_keys_are_not_read_as_dates() -> None:
    facts = _of("strftime(d, '%Y-%m-%d')", grain="keys")
    assert [one.ranges for one in facts.occurrences] == [()]
    assert [read.kind for read in facts.reads] == [ReadKind.UNKNOWN]


@pytest.mark.parametrize("grain", ["day", "keys"])
def test_written_text_as_the_partition_has_the_type_that_is_declared_or_guessed(grain: str) -> None:
    facts = _of("strftime(d, '%Y-%m-%d')", grain=grain)
    assert facts.partition_type is None
    assert [one.ranges for one in facts.occurrences] == [()]
