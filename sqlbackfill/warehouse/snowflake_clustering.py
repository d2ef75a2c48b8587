"""How much the micro-partitions of a table overlap by one column, and zones that lie as they do.

Metadata alone: no row is read.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any, Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.partitions.bounds import Bound
from sqlbackfill.warehouse.protocol import Column, Relation, Session
from sqlbackfill.warehouse.sizes import Zone, ZoneMap
from sqlbackfill.warehouse.snowflake_names import quote_name, quote_relation

_MOST_ZONES: Final = 256
_MOST_COLUMNS: Final = 3
_WHOLE: Final = ("DATE", "NUMBER(38,0)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """By `column`, lower case: the table's first and last value, its micro-partitions, their depth.

    The depth is how many micro-partitions overlap on average where one of them is: 1 is best, and
    their number means that a range of any width reads them all.
    """

    column: str
    bounds: tuple[Bound, Bound]
    partitions: int
    depth: float

    def __str__(self) -> str:
        return (
            f"{self.partitions:,} micro-partitions, {self.depth:,.1f} of which overlap on average "
            f"by {self.column}"
        )


def clustering(
    session: Session, relation: Relation, columns: Sequence[Column], bounded: Collection[str]
) -> Clustering | None:
    """Of `bounded` the column by which the table is clustered best; None where that is not told.

    https://docs.snowflake.com/en/sql-reference/functions/system_clustering_information takes any
    columns, also of a table without a clustering key. MIN and MAX of whole columns are mostly
    answered from metadata; where EXPLAIN says that bytes would be read for them, they are not asked.
    """
    asked = [
        column
        for column in columns
        if column.name.lower() in bounded
        and (column.type in _WHOLE or column.type.startswith("TIMESTAMP"))
    ][:_MOST_COLUMNS]
    found: list[Clustering] = []
    with contextlib.suppress(SqlbackfillError, ValueError, KeyError, TypeError, IndexError):
        ends = _ends(session, relation, asked) if asked else []
        for column, bounds in zip(asked, ends, strict=True):
            if bounds is not None:
                partitions, depth = _told(session, relation, column)
                found.append(
                    Clustering(
                        column=column.name.lower(),
                        bounds=bounds,
                        partitions=partitions,
                        depth=depth,
                    )
                )
    return min(found, key=_openness, default=None)


def modelled(whole: Zone, by: Clustering) -> ZoneMap:
    """Zones of `whole`, a table's, of equal size and evenly spaced, that overlap as much as `by` says."""
    count = max(1, min(by.partitions, _MOST_ZONES))
    overlap = min(max(by.depth - 1, 0.0) / max(by.partitions, 1), 1.0)
    step = (1.0 - overlap) / count
    zones = []
    for at in range(count):
        start, end = at * step, (at + 1) * step + overlap
        zones.append(
            Zone(
                rows=_part(whole.rows, at, count),
                column_bytes={n: _part(size, at, count) for n, size in whole.column_bytes.items()},
                bounds={by.column: (_between(by.bounds, start), _between(by.bounds, end, up=True))},
                with_nulls=frozenset({by.column}),
            )
        )
    return ZoneMap(zones=tuple(zones), is_modelled=True, rewrites=True, told=str(by))


def _openness(one: Clustering) -> float:
    return one.depth / max(one.partitions, 1)


def _ends(
    session: Session, relation: Relation, columns: Sequence[Column]
) -> list[tuple[Bound, Bound] | None]:
    listed = ", ".join(f"MIN({quote_name(c.name)}), MAX({quote_name(c.name)})" for c in columns)
    query = f"SELECT {listed} FROM {quote_relation(relation)}"
    [(plan, *_)] = session.execute(f"EXPLAIN USING JSON\n{query}")
    if int(json.loads(str(plan))["GlobalStats"]["bytesAssigned"]):
        return [None] * len(columns)
    [row] = session.execute(query)
    return [_bounds(row[at], row[at + 1]) for at in range(0, len(row), 2)]


def _bounds(low: Any, high: Any) -> tuple[Bound, Bound] | None:
    if low is None or high is None:
        return None
    return _bound(low), _bound(high)


def _bound(value: Any) -> Bound:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value if isinstance(value, date) else int(value)


def _told(session: Session, relation: Relation, column: Column) -> tuple[int, float]:
    table, name = (text.replace("'", "''") for text in (quote_relation(relation), column.name))
    rows = session.execute(
        f"SELECT SYSTEM$CLUSTERING_INFORMATION('{table}', '({quote_name(name)})')"
    )
    told = json.loads(str(rows[0][0]))
    return int(told["total_partition_count"]), float(told["average_depth"])


def _part(size: int, at: int, count: int) -> int:
    return size * (at + 1) // count - size * at // count


def _between(bounds: tuple[Bound, Bound], share: float, *, up: bool = False) -> Bound:
    low, high = bounds
    share = min(max(share, 0.0), 1.0)
    if isinstance(low, datetime) and isinstance(high, datetime):
        return low + (high - low) * share
    rounded = ceil if up else int
    if isinstance(low, date) and isinstance(high, date):
        return low + timedelta(days=rounded((high - low).days * share))
    return int(low) + rounded((int(high) - int(low)) * share)  # type: ignore[arg-type]  # integers are left
