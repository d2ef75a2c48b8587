"""Rows of a table that belong to no partition of its model: found, shown and deleted.

Whether they may stay is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.run.literals import literal, text_literal
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

FIRST_YEAR, LAST_YEAR = 2, 9998
"""Outside these years no partition can be named: `infinity` and years before Christ lie there."""
_SHOWN_ROWS = 3
_SHOWN_COLUMNS = 6
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class ForeignRows:
    """How many rows have no partition, with a few of them as `name=value, …`."""

    count: int = 0
    examples: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0


def foreign_predicate(column: str, partitioning: AnyPartitioning, dialect: str) -> str:
    """True for rows that no partition holds: NULL, before `begin`, from `end` on, or unlisted.

    Never NULL. `column` is quoted already.
    """
    if isinstance(partitioning, WholePartitioning):
        return "1 = 0"
    kind = partitioning.column_type
    if kind is BoundType.TEXT:
        first, end = partitioning.universe
        keys = [partitioning.record_key(o) for o in range(first or 0, end or 0)]
        listed = ", ".join(text_literal(key, dialect) for key in keys)
        return f"({column} IS NULL OR {column} NOT IN ({listed}))"
    low, high = _bounds(partitioning)
    outside = [f"{column} IS NULL"]
    if low is not None:
        outside.append(f"{column} < {literal(low, kind, dialect)}")
    if high is not None:
        outside.append(f"{column} >= {literal(high, kind, dialect)}")
    return f"({' OR '.join(outside)})"


def find_foreign_rows(
    session: Session, adapter: Adapter, relation: Relation, predicate: str, columns: Sequence[str]
) -> ForeignRows:
    """The rows of `relation` for which `predicate` holds; `columns` are shown, the first ones only."""
    table = adapter.quote(relation)
    [(count,)] = session.execute(f"SELECT COUNT(*) FROM {table} WHERE {predicate}")
    if not count:
        return ForeignRows()
    shown = tuple(columns[:_SHOWN_COLUMNS])
    texts = ", ".join(f"CAST({adapter.quote_name(name)} AS VARCHAR)" for name in shown)
    order = ", ".join(str(at + 1) for at in range(len(shown)))
    rows = session.execute(
        f"SELECT {texts} FROM {table} WHERE {predicate} ORDER BY {order} LIMIT {_SHOWN_ROWS}"
    )
    examples = (
        ", ".join(f"{name}={_shortened(value)}" for name, value in zip(shown, row, strict=True))
        for row in rows
    )
    return ForeignRows(int(count), tuple(examples))


def _bounds(partitioning: AnyPartitioning) -> tuple[Bound | None, Bound | None]:
    begin, end = partitioning.universe
    low = partitioning.bounds(begin)[0] if begin is not None else None
    high = partitioning.bounds(end)[0] if end is not None else None
    if not isinstance(partitioning, TimePartitioning):
        return low, high
    kind = partitioning.column_type
    return low or _new_year(FIRST_YEAR, kind), high or _new_year(LAST_YEAR, kind)


def _new_year(year: int, kind: BoundType) -> date:
    return date(year, 1, 1) if kind is BoundType.DATE else datetime(year, 1, 1, tzinfo=UTC)


def _shortened(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= _SHOWN_CHARACTERS else f"{value[: _SHOWN_CHARACTERS - 1]}…"
