"""What the ledger and the tables say of every model now, brought into the planner's terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.ledger.islands import Hole, RelationLog
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Island
from sqlbackfill.partitions.bounds import read_bound
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.states import Tracked
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run.partition_counts import counts_by_ordinal, counts_query, extent_query
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session, TableInfo

Piece = TypeVar("Piece", Island, Hole)
_TABLES_A_QUERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A model whose state is wanted. `partition_column` is None for a whole table."""

    name: str
    relation: Relation
    partitioning: AnyPartitioning
    partition_column: str | None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What is recorded and what stands in the warehouse, by model name.

    `tables` lacks models that have no table. `logs` are numbered as partitions are today.
    """

    tracked: Mapping[str, Tracked]
    tables: Mapping[str, TableInfo]
    logs: Mapping[str, RelationLog]


EMPTY = Tracked(
    table_identity=None,
    records=(),
    occupied=PartitionSet.empty(),
    failed=PartitionSet.empty(),
)


def read_state(
    adapter: Adapter, ledger: Ledger, session: Session, watched: Sequence[Watched]
) -> LedgerState:
    """The state of `watched` by the ledger and the tables, as they stand."""
    relations = [model.relation for model in watched]
    tables = session.tables(relations)
    has_ledger = ledger.exists(session)
    found = ledger.logs(session, relations) if has_ledger else {}
    failures = ledger.failures(session, relations) if has_ledger else {}
    extents = _extents(adapter, session, [m for m in watched if m.relation in tables], tables)
    tracked: dict[str, Tracked] = {}
    logs: dict[str, RelationLog] = {}
    for model in watched:
        table = tables.get(model.relation)
        log = _numbered(found.get(model.relation, RelationLog()), model.partitioning)
        logs[model.name] = log
        counting = log.counting
        valid = _valid(counting, table, model)
        tracked[model.name] = Tracked(
            table_identity=table.identity if table else None,
            records=valid,
            occupied=_occupied(adapter, session, model, table, valid, extents.get(model.name)),
            failed=PartitionSet.of(
                (failure.start, failure.end)
                for failure in failures.get(model.relation, ())
                if failure.space == model.partitioning.space
            ),
            void_code=_void_code(counting, valid, table),
        )
    by_name = {m.name: tables[m.relation] for m in watched if m.relation in tables}
    return LedgerState(tracked, by_name, logs)


def _valid(
    islands: Sequence[Island], table: TableInfo | None, model: Watched
) -> tuple[Island, ...]:
    if table is None:
        return ()
    space = model.partitioning.space
    return tuple(i for i in islands if i.identity == table.identity and i.space == space)


def _void_code(
    islands: Sequence[Island], valid: Sequence[Island], table: TableInfo | None
) -> str | None:
    if valid or not islands:
        return None
    if table is None:
        return "TABLE_GONE"
    is_replaced = all(island.identity != table.identity for island in islands)
    return "TABLE_REPLACED" if is_replaced else "GRAIN_CHANGED"


def renumbered(pieces: Iterable[Piece], partitioning: AnyPartitioning) -> Sequence[Piece]:
    """`pieces` as their partitions are numbered today: the keys of a list may have moved.

    Keys that are no longer listed are left out. All else keeps its number within a space.
    """
    found: list[Piece] = []
    for piece in pieces:
        if piece.space != KEY_SPACE or partitioning.space != KEY_SPACE:
            found.append(piece)
            continue
        ordinal = partitioning.ordinal_of_key(piece.end_key)
        if ordinal is not None:
            found.append(replace(piece, start=ordinal, end=ordinal + 1))
    return found


def _numbered(log: RelationLog, partitioning: AnyPartitioning) -> RelationLog:
    if partitioning.space != KEY_SPACE:
        return log
    islands = sorted(renumbered(log.islands, partitioning), key=lambda i: (i.space, i.start))
    return replace(log, islands=tuple(islands), holes=tuple(renumbered(log.holes, partitioning)))


Extent = tuple[str | None, str | None]
"""The least and the greatest value of a partition column, as text; None where there are no rows."""


def _extents(
    adapter: Adapter,
    session: Session,
    watched: Sequence[Watched],
    tables: Mapping[Relation, TableInfo],
) -> dict[str, Extent]:
    """The extents of the partition columns of many tables, some tables in one query.

    Tables that cannot be asked are left out: their column has another type than the model's.
    """
    queries = [
        (model.name, _extent_query(adapter, model))
        for model in watched
        if not isinstance(model.partitioning, WholePartitioning)
        and _has_column(tables[model.relation], model.partition_column)
    ]
    found: dict[str, Extent] = {}
    for start in range(0, len(queries), _TABLES_A_QUERY):
        found.update(_answers(session, queries[start : start + _TABLES_A_QUERY]))
    return found


def _answers(session: Session, queries: Sequence[tuple[str, str]]) -> dict[str, Extent]:
    """The extents that `queries` give, by model, together or else one by one."""
    numbered = (f"SELECT {at}, * FROM ({query}) AS t{at}" for at, (_, query) in enumerate(queries))
    try:
        rows = session.execute("\nUNION ALL\n".join(numbered))
    except SqlbackfillError:
        if len(queries) == 1:
            return {}
        return {name: each for one in queries for name, each in _answers(session, [one]).items()}
    return {queries[at][0]: (low, high) for at, low, high in rows}


def _extent_query(adapter: Adapter, model: Watched) -> str:
    column = adapter.quote_name(str(model.partition_column))
    name = adapter.quote(model.relation)
    return extent_query(name, column, model.partitioning, adapter.dialect)


def _occupied(
    adapter: Adapter,
    session: Session,
    model: Watched,
    table: TableInfo | None,
    valid: Sequence[Island],
    extent: Extent | None,
) -> PartitionSet:
    """The partitions without a valid record of which the table holds rows."""
    if table is None or isinstance(model.partitioning, WholePartitioning):
        return PartitionSet.empty() if table is None or valid else PartitionSet.single(0)
    low, high = extent or (None, None)
    if low is None or high is None:
        return PartitionSet.empty()
    recorded = PartitionSet.of((island.start, island.end) for island in valid)
    name = adapter.quote(model.relation)
    column = adapter.quote_name(str(model.partition_column))
    partitioning = model.partitioning
    try:
        span = _span(partitioning, low, high)
        occupied: list[int] = []
        for start, end in (span - recorded).ranges:
            query = counts_query(name, column, partitioning, Chunk(start, end), adapter.dialect)
            occupied.extend(counts_by_ordinal(session.execute(query), partitioning))
    except (SqlbackfillError, ValueError):
        # A table whose partition column has another type than the model's holds rows of unknown
        # partitions; the run refuses it by name (PARTITION_COLUMN_TYPE).
        return PartitionSet.empty()
    return PartitionSet.of_ordinals(occupied)


def _has_column(table: TableInfo, column: str | None) -> bool:
    return column is not None and any(
        known.name.lower() == column.lower() for known in table.columns
    )


def _span(partitioning: AnyPartitioning, low: str, high: str) -> PartitionSet:
    if isinstance(partitioning, WholePartitioning):
        return PartitionSet.single(0)
    kind = partitioning.column_type
    if kind.value == "text":
        first, last = partitioning.universe
        return PartitionSet.span(first or 0, last or 0)
    start = partitioning.ordinal(read_bound(low, kind))
    return PartitionSet.span(start, partitioning.ordinal(read_bound(high, kind)) + 1)
