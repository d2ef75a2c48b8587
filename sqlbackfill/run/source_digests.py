"""Digests of what is read of a source, partition by partition: the query for them and its answer.

Decides neither when they are taken nor whether a partition is stale.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import accumulate

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.ledger.digests import Digest, digest_of
from sqlbackfill.partitions.bounds import BoundType, read_bound
from sqlbackfill.partitions.grain import Unit
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.run.literals import literal
from sqlbackfill.warehouse.protocol import DigestSql

_LAST_ODD_YEAR = 1973


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive partitions of a source, half-open; None is an open end."""

    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDigests:
    """The digests of a source's rows by partition, and of those that no partition holds.

    `unplaced` are rows whose partition column is NULL, infinite or out of the calendar. Partitions
    that are absent hold no rows.
    """

    tag: str
    by_ordinal: Mapping[int, Digest]
    unplaced: Digest
    _ordinals: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _sums: tuple[Digest, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordinals = tuple(sorted(self.by_ordinal))
        sums = accumulate((self.by_ordinal[o] for o in ordinals), initial=Digest.empty(self.tag))
        object.__setattr__(self, "_ordinals", ordinals)
        object.__setattr__(self, "_sums", tuple(sums))

    def of(self, span: Span) -> Digest:
        """The digest of all rows in the partitions of `span`; O(log n)."""
        first = 0 if span.start is None else bisect_left(self._ordinals, span.start)
        end = len(self._ordinals) if span.end is None else bisect_left(self._ordinals, span.end)
        low, high = self._sums[first], self._sums[max(first, end)]
        return Digest(
            self.tag, high.count - low.count, high.first - low.first, high.second - low.second
        )


def digests_query(
    relation: str,
    column: str | None,
    partitioning: AnyPartitioning,
    span: Span,
    sql: DigestSql,
    dialect: str,
    *,
    includes_unplaced: bool,
) -> str:
    """A query for (a value of the partition column as text or NULL, rows, sum, sum).

    `relation` and `column` are SQL. Rows of NULL are read with `includes_unplaced` alone: a
    condition that lets them in keeps the engine from skipping what lies outside `span`.
    """
    answer = f"COUNT(*), {sql.first_sum}, {sql.second_sum}"
    if column is None or isinstance(partitioning, WholePartitioning):
        return f"SELECT NULL, {answer} FROM {relation}"
    conditions = []
    kind = partitioning.column_type
    if span.start is not None and kind is not BoundType.TEXT:
        low = partitioning.bounds(span.start)[0]
        conditions.append(f"{column} >= {literal(low, kind, dialect)}")
    if span.end is not None and kind is not BoundType.TEXT:
        high = partitioning.bounds(span.end)[0]
        conditions.append(f"{column} < {literal(high, kind, dialect)}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if conditions and includes_unplaced:
        where = f" WHERE ({' AND '.join(conditions)}) OR {column} IS NULL"
    return (
        f"SELECT CAST(MIN({column}) AS VARCHAR), {answer} FROM {relation}{where} "
        f"GROUP BY {_bucket(column, partitioning, span)}"
    )


def read_digests(
    rows: Iterable[tuple[str | None, int, str, str]], sql: DigestSql, partitioning: AnyPartitioning
) -> SourceDigests:
    """The answer of `digests_query`."""
    found: dict[int, Digest] = {}
    unplaced = Digest.empty(sql.tag)
    for text, count, first_sum, second_sum in rows:
        digest = digest_of(sql, count, first_sum, second_sum)
        ordinal = _ordinal(text, partitioning)
        if ordinal is None:
            unplaced += digest
        else:
            found[ordinal] = found[ordinal] + digest if ordinal in found else digest
    return SourceDigests(tag=sql.tag, by_ordinal=found, unplaced=unplaced)


def _ordinal(text: str | None, partitioning: AnyPartitioning) -> int | None:
    if isinstance(partitioning, WholePartitioning):
        return 0
    if text is None:
        return None
    if partitioning.column_type is BoundType.TEXT:
        return partitioning.ordinal_of_key(text)
    try:
        return partitioning.ordinal(read_bound(text, partitioning.column_type))
    except (ValueError, OverflowError):
        return None


def _bucket(column: str, partitioning: AnyPartitioning, span: Span) -> str:
    """Groups that no bound of a partition cuts: any value of one names its partition."""
    match partitioning:
        case IntegerPartitioning(size=size) if size > 1:
            offset = f"({column} - ({partitioning.bounds(0)[0]}))"
            # MOD rounds towards zero, which would put what lies on both sides of it together.
            negative = f"{offset} + 1 - MOD({offset} + 1, {size})"
            floor = (
                f"CASE WHEN {offset} < 0 THEN {negative} ELSE {offset} - MOD({offset}, {size}) END"
            )
            return f"{floor}, {offset} < 0"
        case TimePartitioning() if partitioning.column_type is not BoundType.DATE:
            return f"DATE_TRUNC('{_unit(partitioning, span)}', {column})"
        case _:
            return column


def _unit(partitioning: TimePartitioning, span: Span) -> str:
    """The coarsest unit of UTC that every bound is a whole number of.

    Offsets of zones are whole minutes since 1973 (`time_partitioning`), before that any seconds.
    """
    if partitioning.column.cut_zone is not None:
        low = None if span.start is None else partitioning.bounds(span.start)[0]
        is_modern = isinstance(low, datetime) and low.year > _LAST_ODD_YEAR
        return "minute" if is_modern else "second"
    if partitioning.grain.unit.is_civil:
        return "day"
    start = partitioning.bounds(0)[0]
    is_on_the_hour = isinstance(start, datetime) and (start.minute, start.second) == (0, 0)
    return "hour" if partitioning.grain.unit is Unit.HOUR and is_on_the_hour else "minute"
