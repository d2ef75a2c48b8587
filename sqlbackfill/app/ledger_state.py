"""What the ledger and the tables say of every model now, brought into the planner's terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import Failure, PartitionRecord
from sqlbackfill.partitions.bounds import read_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.states import Recorded, Tracked
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run.partition_counts import counts_by_ordinal, counts_query, extent_query
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session, TableInfo


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

    `tables` lacks models that have no table; `records` are the valid ones only.
    """

    tracked: Mapping[str, Tracked]
    tables: Mapping[str, TableInfo]
    records: Mapping[str, Sequence[PartitionRecord]]


EMPTY = Tracked(
    table_identity=None,
    records={},
    occupied=PartitionSet.empty(),
    failed=PartitionSet.empty(),
)


def read_state(
    adapter: Adapter,
    ledger: Ledger,
    session: Session,
    watched: Sequence[Watched],
    *,
    ignoring_plan: str | None = None,
) -> LedgerState:
    """The state of `watched`; records written by runs of the plan `ignoring_plan` do not count."""
    relations = [model.relation for model in watched]
    tables = session.tables(relations)
    has_ledger = ledger.exists(session)
    latest = ledger.latest(session, relations, ignoring_plan=ignoring_plan) if has_ledger else {}
    failures = ledger.failures(session, relations) if has_ledger else {}
    tracked: dict[str, Tracked] = {}
    records: dict[str, list[PartitionRecord]] = {}
    for model in watched:
        table = tables.get(model.relation)
        of_model = latest.get(model.relation, [])
        valid = _valid(of_model, table, model)
        numbered = _numbered(valid, model.partitioning)
        records[model.name] = valid
        tracked[model.name] = _tracked(
            model,
            table,
            numbered,
            void_code=_void_code(of_model, valid, table),
            failures=failures.get(model.relation, []),
            occupied=_occupied(adapter, session, model, table, numbered),
        )
    by_name = {m.name: tables[m.relation] for m in watched if m.relation in tables}
    return LedgerState(tracked, by_name, records)


def _valid(
    records: Sequence[PartitionRecord], table: TableInfo | None, model: Watched
) -> list[PartitionRecord]:
    if table is None:
        return []
    space = model.partitioning.space
    return [r for r in records if r.identity == table.identity and r.space == space]


def _void_code(
    records: Sequence[PartitionRecord],
    valid: Sequence[PartitionRecord],
    table: TableInfo | None,
) -> str | None:
    if valid or not records:
        return None
    if table is None:
        return "TABLE_GONE"
    is_replaced = all(record.identity != table.identity for record in records)
    return "TABLE_REPLACED" if is_replaced else "GRAIN_CHANGED"


def ordinals_of(records: Iterable[PartitionRecord], partitioning: AnyPartitioning) -> Iterator[int]:
    """The partitions of `records` as they are numbered today: a list of keys may have changed."""
    for record in records:
        ordinal = partitioning.ordinal_of_key(record.key)
        if ordinal is not None:
            yield ordinal


def _numbered(
    records: Iterable[PartitionRecord], partitioning: AnyPartitioning
) -> dict[int, PartitionRecord]:
    return {o: record for record in records for o in ordinals_of((record,), partitioning)}


def _tracked(
    model: Watched,
    table: TableInfo | None,
    numbered: Mapping[int, PartitionRecord],
    *,
    void_code: str | None,
    failures: Sequence[Failure],
    occupied: PartitionSet,
) -> Tracked:
    by_ordinal = {
        ordinal: Recorded(record.fingerprint, record.inputs, record.version, record.run_id)
        for ordinal, record in numbered.items()
    }
    failed = PartitionSet.of(
        (failure.start, failure.end)
        for failure in failures
        if failure.space == model.partitioning.space
    )
    return Tracked(
        table_identity=table.identity if table else None,
        records=by_ordinal,
        occupied=occupied,
        failed=failed,
        void_code=void_code,
    )


def _occupied(
    adapter: Adapter,
    session: Session,
    model: Watched,
    table: TableInfo | None,
    numbered: Mapping[int, PartitionRecord],
) -> PartitionSet:
    """The partitions without a valid record of which the table holds rows."""
    if table is None or isinstance(model.partitioning, WholePartitioning):
        return PartitionSet.empty() if table is None or numbered else PartitionSet.single(0)
    if not _has_column(table, model.partition_column):
        return PartitionSet.empty()
    recorded = PartitionSet.of_ordinals(numbered)
    name = adapter.quote(model.relation)
    column = adapter.quote_name(str(model.partition_column))
    partitioning = model.partitioning
    try:
        low, high = session.execute(extent_query(name, column, partitioning, adapter.dialect))[0]
        if low is None:
            return PartitionSet.empty()
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
