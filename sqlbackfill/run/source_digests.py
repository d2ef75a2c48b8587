"""Digests of what is read of a source, partition by partition: the query for them and its answer.

Decides neither when they are taken nor whether a partition is stale.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import accumulate
from typing import Any

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.ledger.digests import Digest, digest_of
from sqlbackfill.partitions.bounds import BoundType, read_bound
from sqlbackfill.partitions.grain import Unit
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.run.literals import literal
from sqlbackfill.run.source_cover import Cover, Span
from sqlbackfill.warehouse.protocol import DigestSql

_MODERN = datetime(1974, 1, 1, tzinfo=UTC)
"""From here on the offsets of zones are whole minutes (`time_partitioning`)."""
_MIDDLE_YEAR = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDigests:
    """The digests of a source's rows by partition, and of those that no partition holds.

    Partitions that are absent hold no rows. `nowhere` are rows whose partition column is NULL or a
    key that no list has; `below` and `above` those whose time lies before or after all that the
    calendar numbers, infinities included, which are read where a span has an open end on that side.
    """

    tag: str
    by_ordinal: Mapping[int, Digest]
    nowhere: Digest
    below: Digest
    above: Digest
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

    def unplaced(self, spans: Iterable[Span]) -> Digest:
        """That of the rows without a partition that belong to who reads `spans`."""
        found = list(spans)
        total = self.nowhere
        if any(span.start is None for span in found):
            total += self.below
        if any(span.end is None for span in found):
            total += self.above
        return total

    @property
    def as_one(self) -> SourceDigests:
        """The same rows as the one partition of a source that is read whole."""
        nothing = Digest.empty(self.tag)
        total = self._sums[-1] + self.nowhere + self.below + self.above
        found = {0: total} if total.count else {}
        return SourceDigests(
            tag=self.tag, by_ordinal=found, nowhere=nothing, below=nothing, above=nothing
        )


def digests_query(
    relation: str,
    column: str | None,
    partitioning: AnyPartitioning,
    cover: Cover,
    sqls: Sequence[DigestSql],
    dialect: str,
) -> str:
    """A query for (a value of the partition column as text or NULL, rows, and for each of `sqls` two sums).

    `relation` and `column` are SQL. Rows of NULL are read where `cover` has them: a condition
    that lets them in keeps the engine from skipping what lies outside its ranges.
    """
    answer = ", ".join(("COUNT(*)", *(f"{sql.first_sum}, {sql.second_sum}" for sql in sqls)))
    if column is None or isinstance(partitioning, WholePartitioning):
        return f"SELECT NULL, {answer} FROM {relation}"
    condition = _condition(column, partitioning, cover, dialect)
    if condition and cover.unplaced:
        condition = f"({condition}) OR {column} IS NULL"
    where = f" WHERE {condition}" if condition else ""
    return (
        f"SELECT CAST(MIN({column}) AS VARCHAR), {answer} FROM {relation}{where} "
        f"GROUP BY {_bucket(column, partitioning, cover.hull, dialect)}"
    )


def _condition(column: str, partitioning: AnyPartitioning, cover: Cover, dialect: str) -> str:
    """The ranges of `cover`, and where there are several what holds them all: engines skip by that."""
    if partitioning.column_type is BoundType.TEXT or not cover.ranges:
        return "" if cover.ranges else "1 = 0"
    hull = _within(column, partitioning, cover.hull, dialect)
    if len(cover.ranges) == 1:
        return hull
    ranges = (_within(column, partitioning, each, dialect) for each in cover.ranges)
    any_of_them = " OR ".join(f"({each})" for each in ranges)
    return f"{hull} AND ({any_of_them})" if hull else any_of_them


def _within(column: str, partitioning: AnyPartitioning, span: Span, dialect: str) -> str:
    kind, conditions = partitioning.column_type, []
    if span.start is not None:
        low = partitioning.bounds(span.start)[0]
        conditions.append(f"{column} >= {literal(low, kind, dialect)}")
    if span.end is not None:
        high = partitioning.bounds(span.end)[0]
        conditions.append(f"{column} < {literal(high, kind, dialect)}")
    return " AND ".join(conditions)


def read_digests(
    rows: Iterable[Sequence[Any]],
    sqls: Sequence[DigestSql],
    partitioning: AnyPartitioning,
) -> tuple[SourceDigests, ...]:
    """The answer of `digests_query`, one for each of `sqls`."""
    answers = list(rows)
    places = [_place(row[0], partitioning) for row in answers]
    return tuple(
        _digests(
            sql,
            (
                (place, digest_of(sql, row[1], row[2 * at + 2], row[2 * at + 3]))
                for place, row in zip(places, answers, strict=True)
            ),
        )
        for at, sql in enumerate(sqls)
    )


class _Side(StrEnum):
    NOWHERE = "nowhere"
    BELOW = "below"
    ABOVE = "above"


def _digests(sql: DigestSql, found: Iterable[tuple[int | _Side, Digest]]) -> SourceDigests:
    by_place: dict[int | _Side, Digest] = {side: Digest.empty(sql.tag) for side in _Side}
    for place, digest in found:
        by_place[place] = by_place[place] + digest if place in by_place else digest
    nowhere, below, above = (by_place.pop(side) for side in _Side)
    ordinals = {place: digest for place, digest in by_place.items() if isinstance(place, int)}
    return SourceDigests(
        tag=sql.tag, by_ordinal=ordinals, nowhere=nowhere, below=below, above=above
    )


def _place(text: str | None, partitioning: AnyPartitioning) -> int | _Side:
    if isinstance(partitioning, WholePartitioning):
        return 0
    if text is None:
        return _Side.NOWHERE
    if partitioning.column_type is BoundType.TEXT:
        ordinal = partitioning.ordinal_of_key(text)
        return _Side.NOWHERE if ordinal is None else ordinal
    try:
        return partitioning.ordinal(read_bound(text, partitioning.column_type))
    except (ValueError, OverflowError):
        return _side(text)


def _side(text: str) -> _Side:
    """Where a time lies that no partition holds: `-infinity`, `0044-03-15 (BC)`, `12000-01-01`."""
    year = text.partition("-")[0]
    is_below = not year or "BC" in text or (year.isdecimal() and int(year) < _MIDDLE_YEAR)
    return _Side.BELOW if is_below else _Side.ABOVE


def _bucket(column: str, partitioning: AnyPartitioning, hull: Span, dialect: str) -> str:
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
            return _truncated(column, partitioning, hull, dialect)
        case _:
            return column


def _truncated(column: str, partitioning: TimePartitioning, hull: Span, dialect: str) -> str:
    """To the coarsest unit of UTC that every bound is a whole number of."""
    unit = "hour"
    if partitioning.column.cut_zone is not None:
        unit = "minute"
        low = None if hull.start is None else partitioning.bounds(hull.start)[0]
        if not isinstance(low, datetime) or low < _MODERN:
            modern = literal(_MODERN, partitioning.column_type, dialect)
            return (
                f"CASE WHEN {column} < {modern} THEN DATE_TRUNC('second', {column}) "
                f"ELSE DATE_TRUNC('minute', {column}) END"
            )
    elif partitioning.grain.unit.is_civil:
        unit = "day"
    else:
        start = partitioning.bounds(0)[0]
        is_on_the_hour = isinstance(start, datetime) and (start.minute, start.second) == (0, 0)
        if partitioning.grain.unit is not Unit.HOUR or not is_on_the_hour:
            unit = "minute"
    return f"DATE_TRUNC('{unit}', {column})"
