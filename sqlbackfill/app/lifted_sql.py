"""The text of a lifted query: the query for one partition, run for each partition of a spine (T3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlbackfill.partitions.bounds import print_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.run.inputs import RowTests
from sqlbackfill.run.literals import literal, text_literal

LIFTED: Final = "lifted: the model's own query runs for each partition inside one (LATERAL)"
LINES_BEFORE: Final = 1
"""Lines of a lifted query that stand before the first of the query that is lifted."""
SPINE: Final = "__sb_spine"
_BOUNDS: Final = ("__sb_lo", "__sb_hi", "__sb_home_lo", "__sb_home_hi")
_COLUMNS: Final = ("__sb_start", "__sb_end", *_BOUNDS)


def lifted_query(
    query: str,
    partitioning: Partitioning,
    partitions: PartitionSet,
    homes: Mapping[int, PartitionSet | None] | None = None,
) -> str:
    """The rows of `query` for each of `partitions`, with columns of the spine after their own.

    `query` has columns of the spine in place of its bounds. `homes` are, by ordinal, the partitions
    in which rows of its query have a home besides its own. `row_tests` reads the added columns.
    """
    rows = ", ".join(
        _row(partitioning, ordinal, (homes or {}).get(ordinal)) for ordinal in partitions.ordinals()
    )
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    own = ", ".join(f'"{SPINE}"."{name}"' for name in _BOUNDS)
    head = f'SELECT "__sb_rows".*, {own} FROM (VALUES {rows}) AS "{SPINE}"({names}), LATERAL ('
    return f'{head}\n{query}\n) AS "__sb_rows"'


def row_tests(column: str) -> RowTests:
    """Conditions on rows of a lifted query; `column` is the partition column, quoted."""
    low, high, home_low, home_high = (f'"{name}"' for name in _BOUNDS)
    return RowTests(
        own=f"{column} >= {low} AND {column} < {high}",
        home=f"{column} >= {home_low} AND {column} < {home_high}",
    )


def guarded(query: str, column: str, alias: str) -> str:
    """The rows of a lifted query that lie in their own partition, without the spine's columns."""
    excluded = ", ".join(f'"{name}"' for name in _BOUNDS)
    head = f"SELECT * EXCLUDE ({excluded}) FROM ("
    return f"{head}\n{query}\n) AS {alias}\nWHERE {row_tests(column).own}"


def _row(partitioning: Partitioning, ordinal: int, home: PartitionSet | None) -> str:
    kind = partitioning.column_type
    own = PartitionSet.single(ordinal)
    reach = own if home is None else home | own
    bounds = partitioning.bounds(ordinal)
    texts = (f"CAST({text_literal(print_bound(b, kind), 'duckdb')} AS VARCHAR)" for b in bounds)
    span = partitioning.span_bounds(reach.first, reach.last + 1)
    values = (literal(bound, kind, "duckdb") for bound in (*bounds, *span))
    return f"({', '.join((*texts, *values))})"
