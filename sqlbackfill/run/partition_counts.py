"""How many rows each partition of a chunk holds, by one grouped query. Does not decide anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from sqlbackfill.partitions.bounds import BoundType, read_bound
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run.literals import literal, partitions_predicate

_FIRST_YEAR, _LAST_YEAR = 2, 9998
_UNITS = ("day", "hour", "minute", "second", None)


def counts_query(
    table: str,
    column: str,
    partitioning: AnyPartitioning,
    chunk: Chunk,
    dialect: str,
    *,
    sums: Sequence[str] = (),
) -> str:
    """A query for (a value of the partition column as text, rows, *sums), one or more rows a partition.

    Rows are grouped by buckets that never cross a partition's bounds, and any value of a bucket
    names its partition. So neither a query per partition is needed nor a list of partitions in the
    SQL. `table` and `column` are quoted already.
    """
    predicate = partitions_predicate(column, partitioning, chunk.partitions, dialect)
    answer = "".join(f", {each}" for each in sums)
    return (
        f"SELECT CAST(MIN({column}) AS VARCHAR), COUNT(*){answer} FROM {table} WHERE {predicate} "
        f"GROUP BY {_bucket(column, partitioning, chunk)}"
    )


def extent_query(table: str, column: str, partitioning: AnyPartitioning, dialect: str) -> str:
    """A query for the least and the greatest value of the partition column, as text.

    Leaves out what no partition can hold, such as `infinity` and years before Christ: one such row
    would hide the partitions of all others. `table` and `column` are quoted already.
    """
    query = f"SELECT CAST(MIN({column}) AS VARCHAR), CAST(MAX({column}) AS VARCHAR) FROM {table}"
    if not isinstance(partitioning, TimePartitioning):
        return query
    kind = partitioning.column_type
    low, high = (
        literal(_new_year(year, kind), kind, dialect) for year in (_FIRST_YEAR, _LAST_YEAR)
    )
    return f"{query} WHERE {column} >= {low} AND {column} < {high}"


def _new_year(year: int, kind: BoundType) -> date:
    return date(year, 1, 1) if kind is BoundType.DATE else datetime(year, 1, 1, tzinfo=UTC)


def counts_by_ordinal(
    rows: Iterable[tuple[str, int]], partitioning: AnyPartitioning
) -> Counter[int]:
    """The answer of `counts_query` by partition; partitions without rows are absent."""
    counts: Counter[int] = Counter()
    for text, rows_in_bucket in rows:
        bound = read_bound(text, partitioning.column_type)
        counts[partitioning.ordinal(bound)] += rows_in_bucket
    return counts


def _bucket(column: str, partitioning: AnyPartitioning, chunk: Chunk) -> str:
    match partitioning:
        case IntegerPartitioning(size=size) if size > 1:
            offset = f"({column} - ({partitioning.bounds(chunk.start)[0]}))"
            return f"{offset} - MOD({offset}, {size})"
        case TimePartitioning() if partitioning.column_type is not BoundType.DATE:
            unit = _truncation(partitioning, chunk)
            return f"DATE_TRUNC('{unit}', {column})" if unit else column
        case _:
            return column


def _truncation(partitioning: TimePartitioning, chunk: Chunk) -> str | None:
    """The coarsest unit of which every bound in the chunk is a whole number; None if none is.

    Bounds are in UTC, and so are sessions (or the column has no zone), so units do not straddle.
    """
    finest = 0
    for ordinal in range(chunk.start, chunk.end + 1):
        bound = partitioning.bounds(ordinal)[0]
        if isinstance(bound, datetime):
            parts = (bound.hour, bound.minute, bound.second, bound.microsecond)
            finest = max(finest, *(at for at, part in enumerate(parts, start=1) if part), 0)
    return _UNITS[finest]
