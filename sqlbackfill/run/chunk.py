"""One chunk, one transaction: data and ledger records commit together or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, SqlbackfillError, TransientError, WarehouseError
from sqlbackfill.ledger.records import Action, InputMark, Island, SourceRead
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk, PlannedModel, Reason
from sqlbackfill.run.fill import Filled, Replacement, Target, ready_target, replace_partitions
from sqlbackfill.run.guard import StagedRows, check_staged_rows
from sqlbackfill.run.inputs import ChunkSql, RunInputs
from sqlbackfill.run.interrupt import Cancellation
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.run.position import placed_in
from sqlbackfill.run.records import chunk_islands
from sqlbackfill.run.schedule import Task
from sqlbackfill.run.schema_change import partition_column
from sqlbackfill.run.source_reads import SourceReading, SourceScan
from sqlbackfill.run.stages import stage_name, stage_relation
from sqlbackfill.run.tables import Tables
from sqlbackfill.run.whole_table import build_aside, put_in_place, replace_whole
from sqlbackfill.warehouse.protocol import Column, Relation, Session

CheckLease = Callable[[Session, Relation], None]
SourcesRead = tuple[Mapping[str, InputMark], Mapping[str, SourceRead]]
"""As `SourceReading.end` returns it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkWork:
    """One chunk, ready to be written.

    `inputs` holds the marks of the inputs to record, taken before anything of the chunk was read.
    `sources` is what is digested of sources, in the chunk's own transaction.
    """

    task: Task
    model: PlannedModel
    sql: ChunkSql
    inputs: Mapping[str, InputMark]
    sources: Sequence[SourceScan] = ()

    @property
    def chunk(self) -> Chunk:
        return self.task.chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A committed chunk: records of all its partitions, those without rows included."""

    records: tuple[Island, ...]
    seconds: float
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def rows(self) -> int:
        return sum(record.rows for record in self.records)

    @property
    def partitions(self) -> int:
        """How many were written."""
        return sum(len(record) for record in self.records)


class ChunkWriter:
    """Writes chunks one after the other over one session, in whichever thread calls `write`.

    All writers of a run share its `tables`.
    """

    def __init__(self, inputs: RunInputs, tables: Tables, check_lease: CheckLease) -> None:
        self._inputs = inputs
        self._adapter = inputs.adapter
        self._cancellation = Cancellation()
        self._check_lease = check_lease
        self._tables = tables
        self._turn = tables.turn("", self._cancellation)
        self._unsettled: tuple[Island, ...] | None = None
        self._records: tuple[Island, ...] = ()
        self.session = inputs.adapter.session()
        self._queries = 0

    def write(self, work: ChunkWork) -> Written:
        """The chunk as committed and read back.

        On any error everything is rolled back, unless the error is that of a COMMIT whose outcome
        cannot be read back. A transient error is met by the whole transaction again, on a new
        session. Raises SqlbackfillError, with the user's file position where the engine gives one.
        """
        self._unsettled = None
        self._turn = self._tables.turn(work.model.name, self._cancellation)
        try:
            for pause_s in self._inputs.backoff.pauses_s():
                try:
                    return self._settled(work) or self._attempt(work)
                except TransientError:
                    self._cancellation.pause(pause_s)
                    self.session.close()
                    self.session = self._adapter.session()
            return self._settled(work) or self._attempt(work)
        finally:
            self._turn.give()

    def take_queries(self) -> int:
        """How often a model's query was started since this was last asked."""
        queries, self._queries = self._queries, 0
        return queries

    def give_up(self) -> None:
        """Interrupts what `write` runs now; for another thread, to be repeated until it has ended."""
        self._cancellation.strike(self.session)

    @property
    def is_ending(self) -> bool:
        """Whether `write` is past all that can be given up: it commits, or rolls back."""
        return self._cancellation.is_sealed

    def close(self) -> None:
        self.session.close()

    def _settled(self, work: ChunkWork) -> Written | None:
        """The chunk, if the COMMIT of an attempt before, whose outcome was not known, took place."""
        records = self._unsettled
        if records is None:
            return None
        is_done = self._is_recorded(work)
        self._unsettled = None
        self._turn.give()
        return Written(records=records, seconds=0.0) if is_done else None

    def _attempt(self, work: ChunkWork) -> Written:
        started, self._turn.waited_s = time.monotonic(), 0.0
        self._queries += 1
        replacement = Replacement(
            session=self.session,
            adapter=self._adapter,
            model=work.model,
            chunk=work.chunk,
            allow_empty=self._inputs.allow_empty,
            rebuilds_all=work.task.step.reason is Reason.SCHEMA_CHANGE,
        )
        self._cancellation.open()
        self.session.label(self._label(work))
        try:
            if isinstance(work.model.partitioning, WholePartitioning):
                return self._write_whole(work, replacement, started)
            return self._write_partitions(work, replacement, started)
        finally:
            self._cancellation.seal()

    def _write_whole(self, work: ChunkWork, replacement: Replacement, started: float) -> Written:
        if not self._adapter.transactional_ddl:
            return self._swap_whole(work, replacement, started)
        with self._transaction(work):
            reading = self._reading(work)
            with placed_in(work.sql, 1 + work.sql.guard_lines):
                filled = replace_whole(replacement, work.sql.select)
            records = self._append(work, filled, reading.end(work.inputs), started)
        return Written(records=records, seconds=self._seconds_since(started))

    def _swap_whole(self, work: ChunkWork, replacement: Replacement, started: float) -> Written:
        """The same where DDL commits by itself: until all is done, nothing stands recorded."""
        aside = stage_relation(work.model.relation, self._inputs.run_id, work.task.number)
        reading = self._reading(work)
        try:
            with placed_in(work.sql, 1 + work.sql.guard_lines):
                built = build_aside(replacement, work.sql.select, aside)
            read = reading.end(work.inputs)
            self._forget(work)
            self._cancellation.seal()
            filled = put_in_place(replacement, work.sql.select, built)
            with self._transaction(work):
                records = self._append(work, filled, read, started)
        finally:
            self._drop(self._adapter.quote(aside))
        return Written(records=records, seconds=self._seconds_since(started))

    def _forget(self, work: ChunkWork) -> None:
        """Commits that nothing is known of the table: what stands there may be another one soon."""
        inputs, session = self._inputs, self.session
        known = chunk_islands(inputs, work.task, Filled(identity=""), 0.0, {}, {})
        session.begin()
        try:
            self._check_lease(session, work.model.relation)
            inputs.ledger.append(
                session,
                [
                    (replace(island, action=Action.FORGOTTEN, chunk=-1), details)
                    for island, details in known
                ],
            )
            self._cancellation.check()
            session.commit()
        except BaseException:
            session.rollback()
            raise

    def _write_partitions(
        self, work: ChunkWork, replacement: Replacement, started: float
    ) -> Written:
        target = self._tables.target(work.model.name)
        columns: tuple[Column, ...] = ()
        if target is None:
            with placed_in(work.sql, work.sql.guard_lines):
                columns = self.session.describe(work.sql.select)
            query_column = partition_column(work.model, columns, f"the query of {work.model.name}")
            if not self._adapter.transactional_ddl:
                target = self._made_ready(replacement, work, columns)
        else:
            query_column = target.query_column
        # Rows are staged before the transaction begins, and must not be newer than their digests.
        early = self._reading(work) if self._is_staged(work) else None
        with self._source(work, query_column, columns) as (source, lines_before, warnings):
            read = early.end(work.inputs) if early else None
            with self._transaction(work):
                target = target or self._tables.target(work.model.name)
                if target is None:
                    target = ready_target(replacement, work.sql.select, columns)
                reading = early or self._reading(work)
                with placed_in(work.sql, lines_before):
                    filled = replace_partitions(replacement, target, source)
                records = self._append(work, filled, read or reading.end(work.inputs), started)
            self._tables.know(work.model.name, target)
        return Written(records=records, seconds=self._seconds_since(started), warnings=warnings)

    def _made_ready(
        self, replacement: Replacement, work: ChunkWork, columns: Sequence[Column]
    ) -> Target:
        """The table, by DDL that commits by itself: one of several chunks makes it."""
        self._turn.take()
        try:
            target = self._tables.target(work.model.name)
            if target is None:
                target = ready_target(replacement, work.sql.select, columns)
                self._tables.know(work.model.name, target)
        finally:
            self._turn.give()
        return target

    def _is_staged(self, work: ChunkWork) -> bool:
        return work.model.has_author_bounds or self._adapter.stages

    @contextmanager
    def _source(
        self, work: ChunkWork, column: str, columns: tuple[Column, ...]
    ) -> Iterator[tuple[str, int, tuple[Diagnostic, ...]]]:
        """Where the chunk's rows come from, the lines before its query there, and warnings.

        That is the guarded query itself, or a staging table where rows have to be counted or the
        adapter wants one; it is made before the transaction begins and dropped after it ended.
        """
        model, sql = work.model, work.sql
        if not self._is_staged(work):
            yield f"(\n{sql.select}\n)", 1 + sql.guard_lines, ()
            return
        quote = self._adapter.quote_name
        made = self._adapter.stage(
            model.relation, stage_name(model.relation, self._inputs.run_id, work.task.number)
        )
        stage = made.table
        query = sql.unguarded if model.has_author_bounds else sql.select
        try:
            with placed_in(sql, 1 if model.has_author_bounds else 1 + sql.guard_lines):
                self.session.execute(f"{made.create}\n{query}")
            if not model.has_author_bounds:
                yield stage, 0, ()
                return
            names = [column, *(c.name for c in columns if c.name != column)]
            staged = StagedRows(
                table=stage,
                column=quote(column),
                shown=tuple((name, quote(name)) for name in names),
                tests=sql.row_tests,
            )
            home = sql.home if sql.home is not None else PartitionSet.empty()
            dialect = self._adapter.dialect
            warnings = check_staged_rows(self.session, staged, model, work.chunk, home, dialect)
            predicate = partitions_predicate(
                quote(column), model.partitioning, work.chunk.partitions, dialect
            )
            if sql.row_tests is not None:
                predicate = sql.row_tests.own
            yield f"(SELECT * FROM {stage} WHERE {predicate})", 0, warnings
        finally:
            self._cancellation.seal()
            self._drop(stage)

    def _drop(self, stage: str) -> None:
        try:
            self.session.execute(f"DROP TABLE IF EXISTS {stage}")
        except SqlbackfillError:
            # The first error matters, and the next run that writes the model drops what is left.
            return

    @contextmanager
    def _transaction(self, work: ChunkWork) -> Iterator[None]:
        """Commits what runs inside and reads it back, or rolls it back; one at a time for a table."""
        session = self.session
        self._turn.take()
        try:
            session.begin()
            try:
                yield
                self._cancellation.check()
            except BaseException:
                self._cancellation.seal()
                session.rollback()
                raise
            self._commit(work)
        finally:
            # While nobody knows whether this one was committed, none with higher numbers may be.
            if self._unsettled is None:
                self._turn.give()

    def _commit(self, work: ChunkWork) -> None:
        session = self.session
        self._cancellation.seal()
        self._unsettled = self._records
        try:
            session.commit()
        except WarehouseError:
            session.rollback()
            is_done = self._is_recorded(work)
            self._unsettled = None
            if is_done:
                # The engine committed and its answer got lost on the way.
                return
            raise
        is_done = self._is_recorded(work)
        self._unsettled = None
        if not is_done:
            raise WarehouseError(
                Diagnostic(
                    code="RECORD_LOST",
                    message="the chunk was committed, but its records cannot be read back",
                    model=work.model.name,
                    fix="see what else writes to the ledger's schema, then run the chunk again",
                )
            )

    def _is_recorded(self, work: ChunkWork) -> bool:
        found = self._inputs.ledger.confirm(
            self.session, self._inputs.run_id, work.model.name, work.task.number
        )
        return found == len(work.chunk.partitions)

    def _label(self, work: ChunkWork) -> dict[str, str]:
        """What an engine is to keep with the chunk's queries."""
        named = work.model.partitioning.label_set(work.chunk.partitions)
        return {"run": self._inputs.run_id, "model": work.model.name, "partitions": named}

    def _reading(self, work: ChunkWork) -> SourceReading:
        adapter = self._adapter
        return SourceReading(work.sources, self.session, adapter.dialect, adapter.table_versions)

    def _append(
        self, work: ChunkWork, filled: Filled, read: SourcesRead, started: float
    ) -> tuple[Island, ...]:
        inputs, seconds = self._inputs, self._seconds_since(started)
        marks, sources = read
        self._check_lease(self.session, work.model.relation)
        records = chunk_islands(inputs, work.task, filled, seconds, marks, sources)
        self._records = inputs.ledger.append(self.session, records)
        return self._records

    def _seconds_since(self, started: float) -> float:
        """What the chunk itself took: not what it waited for others of its table."""
        return time.monotonic() - started - self._turn.waited_s
