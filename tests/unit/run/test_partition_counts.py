from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run.partition_counts import counts_by_ordinal, counts_query
from sqlbackfill.warehouse.double import DoubleAdapter

START = datetime(2013, 3, 8, tzinfo=UTC)
MOMENTS = tuple(START + timedelta(minutes=7 * i, microseconds=i) for i in range(1500))
SQL_TYPES = {
    BoundType.DATE: "DATE",
    BoundType.TIMESTAMP: "TIMESTAMP",
    BoundType.TIMESTAMPTZ: "TIMESTAMPTZ",
    BoundType.INTEGER: "HUGEINT",
    BoundType.TEXT: "VARCHAR",
}


def times(grain: str, column_type: BoundType, timezone: str = "UTC") -> TimePartitioning:
    return TimePartitioning(
        grain=Grain.parse(grain),
        column_type=column_type,
        timezone=timezone,
        begin=date(2013, 3, 4),
    )


CASES: list[tuple[AnyPartitioning, tuple[object, ...]]] = [
    (times("day", BoundType.DATE), tuple(moment.date() for moment in MOMENTS)),
    (times("week", BoundType.DATE), tuple(moment.date() for moment in MOMENTS)),
    (times("day", BoundType.TIMESTAMP), MOMENTS),
    (times("6 hours", BoundType.TIMESTAMP), MOMENTS),
    (times("15 minutes", BoundType.TIMESTAMP), MOMENTS),
    (times("day", BoundType.TIMESTAMPTZ, "America/New_York"), MOMENTS),
    (times("hour", BoundType.TIMESTAMPTZ, "Asia/Kolkata"), MOMENTS),
    (times("day", BoundType.TIMESTAMPTZ, "Asia/Kathmandu"), MOMENTS),
    (IntegerPartitioning(size=1), tuple(range(-20, 90))),
    (IntegerPartitioning(size=7, begin=-11), tuple(range(-11, 90))),
    (IntegerPartitioning(size=1000), tuple(10**30 + 300 * i for i in range(40))),
    (StaticPartitioning(keys=("eu", "us", "o'b")), ("eu", "us", "us", "o'b")),
]


@pytest.mark.parametrize(
    ("partitioning", "values"), CASES, ids=lambda case: str(getattr(case, "space", ""))
)
def test_one_query_counts_what_python_counts(
    partitioning: AnyPartitioning, values: tuple[object, ...]
) -> None:
    expected = Counter(partitioning.ordinal(value) for value in values)  # type: ignore[arg-type]
    session = DoubleAdapter().session()
    kind = SQL_TYPES[partitioning.column_type]
    session.execute(f"CREATE TABLE t (p {kind})")
    texts = [str(v).removesuffix("+00:00") if kind == "TIMESTAMP" else str(v) for v in values]
    session.execute(f"INSERT INTO t SELECT CAST(unnest(?) AS {kind})", (texts,))
    first, last = min(expected), max(expected)
    for chunk in (Chunk(first, last + 1), Chunk(first, first + 1), Chunk(last - 1, last + 1)):
        rows = session.execute(counts_query('"t"', '"p"', partitioning, chunk, "duckdb"))
        within = {o: n for o, n in expected.items() if chunk.start <= o < chunk.end}
        assert counts_by_ordinal([(t, n) for t, n in rows], partitioning) == within


def test_timestamps_are_grouped_by_the_coarsest_unit_that_never_straddles() -> None:
    def sql(grain: str, timezone: str) -> str:
        partitioning = times(grain, BoundType.TIMESTAMPTZ, timezone)
        first = partitioning.ordinal(START)
        return counts_query("t", "p", partitioning, Chunk(first, first + 3), "duckdb")

    assert "DATE_TRUNC('day', p)" in sql("day", "UTC")
    assert "DATE_TRUNC('hour', p)" in sql("day", "America/New_York")
    assert "DATE_TRUNC('minute', p)" in sql("day", "Asia/Kolkata")
    assert "DATE_TRUNC('hour', p)" in sql("hour", "UTC")


def test_the_query_does_not_grow_with_the_number_of_partitions() -> None:
    partitioning = times("hour", BoundType.TIMESTAMPTZ)
    short, long = (counts_query("t", "p", partitioning, Chunk(0, n), "duckdb") for n in (2, 20_000))
    assert abs(len(long) - len(short)) < 10
