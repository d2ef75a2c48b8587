"""Recording partitions as built by another tool, or as not built: one transaction, under a lease.

Rows are counted and, where asked, those without a partition deleted; nothing else of the data is
touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from sqlbackfill import __version__
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic, GuardError, WarehouseError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import (
    Action,
    BuildDetails,
    InputMark,
    Island,
    RunRecord,
    SourceRead,
)
from sqlbackfill.partitions.keys import KEY_SPACE
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk, PlannedModel
from sqlbackfill.run.claims import Claims
from sqlbackfill.run.foreign_rows import ForeignRows, find_foreign_rows, foreign_predicate
from sqlbackfill.run.output_digests import DigestsByOrdinal, WantedDigests
from sqlbackfill.run.partition_counts import counts_by_ordinal, counts_query
from sqlbackfill.run.schema_change import partition_column
from sqlbackfill.run.source_reads import SourceReading, SourceScan
from sqlbackfill.warehouse.protocol import Adapter, Session, TableInfo

STRATEGY = "mark"


class OnForeignRows(StrEnum):
    """What becomes of rows without a partition."""

    KEEP = "keep"
    DELETE = "delete"


def _nothing(_session: Session) -> None:
    """Keeps no code."""


def _no_sources(_chunk: Chunk) -> Sequence[SourceScan]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What is to be recorded of `partitions`: adopted with this code and these inputs, or forgotten.

    `foreign_rows` None refuses a table that holds any. `sources` says what is digested of the
    sources that some partitions read. `keep_code` writes the code behind `fingerprint` where that is
    not kept yet. `run` is the record under which this stands in the history.
    """

    model: PlannedModel
    partitions: PartitionSet
    is_adopted: bool
    fingerprint: str
    run: RunRecord
    inputs: Mapping[str, InputMark] = field(default_factory=dict)
    sources: Callable[[Chunk], Sequence[SourceScan]] = _no_sources
    keep_code: Callable[[Session], None] = _nothing
    foreign_rows: OnForeignRows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What was recorded: the rows of the partitions, and how many there were of none."""

    rows: int = 0
    foreign_rows: int = 0


def mark(marking: Marking, adapter: Adapter, ledger: Ledger) -> Marked:
    """Records `marking`, committed and read back.

    Raises GuardError FOREIGN_ROWS and LEASE_HELD, WarehouseError NOTHING_TO_ADOPT,
    PARTITION_COLUMN_MISSING, PARTITION_COLUMN_TYPE and RECORD_LOST; nothing is changed then.
    """
    session = adapter.session()
    try:
        ledger.prepare(session)
        model, run = marking.model, marking.run
        with Claims(ledger.leases, session, run.run_id, [model.relation]) as claims:
            if marking.is_adopted and not adapter.transactional_ddl:
                # By itself it says nothing: a table with an identity and without records.
                adapter.add_identity(session, model.relation)
            session.begin()
            try:
                marked = _Transaction(marking, adapter, ledger, session).write()
                claims.check(session, model.relation)
            except BaseException:
                session.rollback()
                raise
            _commit(session, ledger, marking)
            return marked
    finally:
        session.close()


def _commit(session: Session, ledger: Ledger, marking: Marking) -> None:
    """Commits; an answer that got lost on the way is no failure."""
    run_id, model = marking.run.run_id, marking.model.name
    count = len(marking.partitions)
    try:
        session.commit()
    except WarehouseError:
        session.rollback()
        if ledger.confirm(session, run_id, model, 0) == count:
            return
        raise
    if ledger.confirm(session, run_id, model, 0) != count:
        raise WarehouseError(
            Diagnostic(
                code="RECORD_LOST",
                message="the records were committed, but cannot be read back",
                model=model,
                fix="see what else writes to the ledger's schema, then mark again",
            )
        )


@dataclass(frozen=True, slots=True)
class _Transaction:
    """What happens between BEGIN and COMMIT."""

    marking: Marking
    adapter: Adapter
    ledger: Ledger
    session: Session

    def write(self) -> Marked:
        marking, model = self.marking, self.marking.model
        table = self.session.table(model.relation)
        if not marking.is_adopted:
            self._append([self._forgotten(span, table) for span in self._spans()])
            return Marked()
        if table is None:
            raise WarehouseError(table_missing(model))
        foreign = self._settle_foreign_rows(table)
        identity = self.adapter.add_identity(self.session, model.relation)
        marking.keep_code(self.session)
        is_beside = bool(foreign) and marking.foreign_rows is OnForeignRows.KEEP
        action = Action.ADOPTED_BESIDE if is_beside else Action.ADOPTED
        records = [self._adopted(span, table, identity, action) for span in self._spans()]
        self._append(records)
        rows = sum(island.rows for island, _ in records)
        return Marked(rows=rows, foreign_rows=foreign.count)

    def _append(self, records: Sequence[tuple[Island, BuildDetails]]) -> None:
        self.ledger.start_run(self.session, self.marking.run)
        self.ledger.append(self.session, records)

    def _spans(self) -> Sequence[tuple[int, int]]:
        partitions = self.marking.partitions
        if self.marking.model.partitioning.space == KEY_SPACE:
            return partitions.chunks(1)
        return partitions.ranges

    def _settle_foreign_rows(self, table: TableInfo) -> ForeignRows:
        marking, model = self.marking, self.marking.model
        predicate, columns = foreign_rows_of(self.adapter, model, table)
        foreign = find_foreign_rows(self.session, self.adapter, model.relation, predicate, columns)
        if foreign and marking.foreign_rows is None:
            raise GuardError(foreign_rows_refused(model, foreign))
        if foreign and marking.foreign_rows is OnForeignRows.DELETE:
            table_sql = self.adapter.quote(model.relation)
            self.session.execute_count(f"DELETE FROM {table_sql} WHERE {predicate}")
        return foreign

    def _adopted(
        self, span: tuple[int, int], table: TableInfo, identity: str, action: Action
    ) -> tuple[Island, BuildDetails]:
        marking, chunk = self.marking, Chunk(*span)
        scans, adapter = marking.sources(chunk), self.adapter
        reading = SourceReading(scans, self.session, adapter.dialect, adapter.table_versions)
        counts, digests = self._counted(chunk, table)
        inputs, sources = reading.end(marking.inputs)
        rows = tuple(counts.get(ordinal, 0) for ordinal in range(*span))
        island = replace(
            self._island(span, identity, action),
            slices=marking.model.slices,
            inputs=inputs,
            rows=sum(rows),
        )
        return island, _details(rows, digests, sources, span)

    def _forgotten(
        self, span: tuple[int, int], table: TableInfo | None
    ) -> tuple[Island, BuildDetails]:
        identity = (table.identity if table else None) or ""
        return self._island(span, identity, Action.FORGOTTEN), _details((), {}, {}, span)

    def _island(self, span: tuple[int, int], identity: str, action: Action) -> Island:
        marking, model = self.marking, self.marking.model
        return Island(
            relation=model.relation,
            identity=identity,
            space=model.partitioning.space,
            start=span[0],
            end=span[1],
            start_key=model.partitioning.record_key(span[0]),
            end_key=model.partitioning.record_key(span[1] - 1),
            model=model.name,
            action=action,
            run_id=marking.run.run_id,
            plan_id=marking.run.plan_id,
            chunk=0,
            fingerprint=marking.fingerprint,
            rows=0,
            finished_at=marking.run.finished_at or marking.run.started_at,
            analyser=__version__,
        )

    def _counted(
        self, chunk: Chunk, table: TableInfo
    ) -> tuple[Mapping[int, int], Mapping[str, DigestsByOrdinal]]:
        """The rows of each partition as they stand, and the digests that downstreams ask for."""
        adapter, model = self.adapter, self.marking.model
        name = adapter.quote(model.relation)
        wanted = WantedDigests.of(adapter, model.consumed, table.columns)
        if isinstance(model.partitioning, WholePartitioning):
            answer = ", ".join(("COUNT(*)", *wanted.sums))
            [row] = self.session.execute(f"SELECT {answer} FROM {name}")
            return {0: int(row[0])}, wanted.of_whole(row) if wanted else {}
        column = adapter.quote_name(partition_column(model, table.columns, f"the table {name}"))
        rows = self.session.execute(
            counts_query(name, column, model.partitioning, chunk, adapter.dialect, sums=wanted.sums)
        )
        counts = counts_by_ordinal([(row[0], row[1]) for row in rows], model.partitioning)
        return counts, wanted.by_ordinal(rows, model.partitioning, chunk)


def _details(
    rows: tuple[int, ...],
    digests: Mapping[str, DigestsByOrdinal],
    sources: Mapping[str, SourceRead],
    span: tuple[int, int],
) -> BuildDetails:
    return BuildDetails(
        strategy=STRATEGY,
        seconds=0.0,
        row_counts=rows,
        digests={
            columns: tuple(str(by_ordinal[ordinal]) for ordinal in range(*span))
            for columns, by_ordinal in digests.items()
        },
        sources=sources,
    )


def foreign_rows_of(
    adapter: Adapter, model: PlannedModel, table: TableInfo
) -> tuple[str, Sequence[str]]:
    """The condition for rows without a partition, and the columns to show of them, its own first.

    Raises WarehouseError PARTITION_COLUMN_MISSING, PARTITION_COLUMN_TYPE.
    """
    names = [column.name for column in table.columns]
    if isinstance(model.partitioning, WholePartitioning):
        return foreign_predicate("", model.partitioning, adapter.dialect), names
    own = partition_column(model, table.columns, f"the table {model.relation}")
    predicate = foreign_predicate(adapter.quote_name(own), model.partitioning, adapter.dialect)
    return predicate, [own, *(name for name in names if name != own)]


def foreign_rows_refused(model: PlannedModel, foreign: ForeignRows) -> Diagnostic:
    """Why a table that holds rows without a partition is not adopted unasked."""
    rows = "1 row" if foreign.count == 1 else f"{foreign.count:,} rows"
    return Diagnostic(
        code="FOREIGN_ROWS",
        message=f"the table {model.relation} holds {rows} of no partition of `{model.name}`, "
        f"such as {'; '.join(foreign.examples)}",
        model=model.name,
        notes=tuple(("row", row) for row in foreign.examples),
        fix="add --foreign-rows delete, or --foreign-rows keep: then the table is not what a "
        "rebuild would give",
    )


def table_missing(model: PlannedModel) -> Diagnostic:
    """That there is nothing to adopt."""
    return Diagnostic(
        code="NOTHING_TO_ADOPT",
        message=f"`{model.name}` cannot be marked as built: there is no {model.kind.value} "
        f"{model.relation}",
        model=model.name,
        fix=f"build it with `sqlbackfill run -s {model.name}`, or give the model the name that the "
        "table has (alias, schema)",
    )
