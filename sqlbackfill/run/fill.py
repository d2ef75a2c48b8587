"""Replacing a chunk's partitions inside a transaction that somebody else opened. Records nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.plan.types import Chunk, PlannedModel
from sqlbackfill.run.guard import refuse_empty_replacement
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.run.output_digests import DigestsByOrdinal, WantedDigests
from sqlbackfill.run.partition_counts import counts_by_ordinal, counts_query
from sqlbackfill.run.schema_change import allowed_change, partition_column
from sqlbackfill.warehouse.protocol import Adapter, Column, Relation, Session, TableKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What is replaced, and by whom: `chunk`'s partitions of `model`, over `session`.

    `rebuilds_all` tells that the plan rebuilds every partition of the table because its columns
    changed, so that the table may be altered to fit.
    """

    session: Session
    adapter: Adapter
    model: PlannedModel
    chunk: Chunk
    allow_empty: bool
    rebuilds_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A model's table as this run found or made it.

    `columns` pairs each column's name in the table with its name in the query; `partition_column`
    is the table's spelling and `query_column` the query's. `digests` are those to take of it.
    `is_new`: this run made it, so that of partitions that it has not written yet there are no rows.
    """

    identity: str
    columns: tuple[tuple[str, str], ...]
    partition_column: str
    query_column: str
    is_new: bool = False
    digests: WantedDigests = field(default_factory=WantedDigests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What one chunk left in its table: rows by ordinal, absent ones 0.

    `digests` holds, by column set, the digest of every partition of the chunk.
    """

    identity: str
    rows: Mapping[int, int] = field(default_factory=dict)
    digests: Mapping[str, DigestsByOrdinal] = field(default_factory=dict)


def ready_target(work: Replacement, query: str, columns: Sequence[Column]) -> Target:
    """The table that `query`, with `columns`, can be inserted into: made, altered or as it is.

    Runs DDL, so it belongs into the chunk's transaction only where DDL rolls back with it. Raises
    WarehouseError: SCHEMA_CHANGED, PARTITION_COLUMN_MISSING, PARTITION_COLUMN_TYPE, NOT_A_TABLE.
    """
    session, adapter, model = work.session, work.adapter, work.model
    column = partition_column(model, columns, f"the query of {model.name}")
    info = session.table(model.relation)
    if info is None:
        return Target(
            identity=adapter.create_table(session, model.relation, query, model.storage),
            columns=tuple((c.name, c.name) for c in columns),
            partition_column=column,
            query_column=column,
            is_new=True,
            digests=WantedDigests.of(adapter, model.consumed, columns),
        )
    if info.kind is not TableKind.TABLE:
        raise not_a_table(model.name, model.relation, info.kind)
    change = allowed_change(model, columns, info.columns, rebuilds_all=work.rebuilds_all)
    existing = partition_column(model, info.columns, f"the table {model.relation}")
    for clause in change.clauses(adapter.quote_name):
        session.execute(f"ALTER TABLE {adapter.quote(model.relation)} {clause}")
    spelling = {c.name.lower(): c.name for c in (*info.columns, *change.added)}
    return Target(
        identity=info.identity or adapter.add_identity(session, model.relation),
        columns=tuple((spelling[c.name.lower()], c.name) for c in columns),
        partition_column=existing,
        query_column=column,
        digests=WantedDigests.of(adapter, model.consumed, (*info.columns, *change.added)),
    )


def replace_partitions(work: Replacement, target: Target, source: str) -> Filled:
    """Deletes the chunk's partitions and inserts the rows of `source`, by one statement each.

    `source` is a quoted table or a subquery in parentheses that gives the chunk's rows and no
    others. Raises GuardError EMPTY_REPLACEMENT, and WarehouseError ROWS_OUTSIDE_CHUNK should a row
    have landed elsewhere.
    """
    quote = work.adapter.quote_name
    table = work.adapter.quote(work.model.relation)
    counts = _Counts(work, table, quote(target.partition_column), target.digests)
    # A staging adapter's DELETE locks the table, and others may write there; who writes DuckDB has it alone.
    before = counts.delete() if work.adapter.stages or not target.is_new else {}
    names, values = (", ".join(quote(pair[at]) for pair in target.columns) for at in (0, 1))
    # Rows that lie together by their partition are skipped together by whoever reads a few of them.
    order = f" ORDER BY {quote(target.query_column)}" if work.adapter.stages else ""
    inserted = work.session.execute_count(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {source} AS guarded{order}"
    )
    after, digests = counts.after(inserted)
    if sum(after.values()) != inserted:
        raise WarehouseError(
            Diagnostic(
                code="ROWS_OUTSIDE_CHUNK",
                message=f"{inserted - sum(after.values()):,} of {inserted:,} rows were written to "
                "other partitions than the chunk's",
                model=work.model.name,
                fix="this is a defect of sqlbackfill; nothing was kept. Please report it",
            )
        )
    if not work.allow_empty:
        refuse_empty_replacement(work.model, before, after)
    return Filled(identity=target.identity, rows=after, digests=digests)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts a chunk's rows by partition, and with no query of its own where one number tells."""

    work: Replacement
    table: str
    column: str
    digests: WantedDigests

    def delete(self) -> Mapping[int, int]:
        """Deletes the chunk's partitions; the rows that each of them held."""
        chunk, session = self.work.chunk, self.work.session
        predicate = partitions_predicate(
            self.column, self.work.model.partitioning, chunk.partitions, self.work.adapter.dialect
        )
        delete = f"DELETE FROM {self.table} WHERE {predicate}"
        if self._is_single:
            return {chunk.start: session.execute_count(delete)}
        held = self._counted(self._rows())
        # Where tables are locked it is the DELETE that locks, which the check of the lease relies on.
        if held or self.work.adapter.stages:
            session.execute_count(delete)
        return held

    def after(self, inserted: int) -> tuple[Mapping[int, int], Mapping[str, DigestsByOrdinal]]:
        """The rows that each partition holds after `inserted` were, and their digests."""
        chunk, partitioning = self.work.chunk, self.work.model.partitioning
        if not self.digests:
            if self._is_single or not inserted:
                return {chunk.start: inserted}, {}
            return self._counted(self._rows()), {}
        rows = self._rows(self.digests.sums) if inserted else []
        return self._counted(rows), self.digests.by_ordinal(rows, partitioning, chunk)

    @property
    def _is_single(self) -> bool:
        return self.work.chunk.end - self.work.chunk.start == 1

    def _counted(self, rows: Sequence[Sequence[Any]]) -> Counter[int]:
        return counts_by_ordinal([(row[0], row[1]) for row in rows], self.work.model.partitioning)

    def _rows(self, sums: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        model, dialect = self.work.model, self.work.adapter.dialect
        return self.work.session.execute(
            counts_query(
                self.table, self.column, model.partitioning, self.work.chunk, dialect, sums=sums
            )
        )


def not_a_table(model: str, relation: Relation, kind: TableKind) -> WarehouseError:
    """The error for a relation that is of another kind than its model makes."""
    return WarehouseError(
        Diagnostic(
            code="NOT_A_TABLE",
            message=f"{relation} is a {kind.value}, which {model} cannot be written to",
            model=model,
            fix=f"drop or rename it, or give {model} another alias",
        )
    )
