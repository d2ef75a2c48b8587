"""One run under way: chunk after chunk in order, failures contained, every outcome recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from sqlbackfill import __version__
from sqlbackfill.errors import CancelledError, Diagnostic, GuardError, Severity, SqlbackfillError
from sqlbackfill.ledger.processes import this_process
from sqlbackfill.ledger.records import ChunkStatus, RunRecord, RunStatus
from sqlbackfill.run import events
from sqlbackfill.run.chunk import ChunkWork, ChunkWriter, Written
from sqlbackfill.run.claims import Claims
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.interrupt import Cancellation, Signals, Wish
from sqlbackfill.run.records import chunk_record
from sqlbackfill.run.result import BlockedChunk, FailedChunk
from sqlbackfill.run.runfile import RunFile, RunFileWriter
from sqlbackfill.run.schedule import Fallout, Task
from sqlbackfill.run.tally import Tally, name_of, upstream_failed
from sqlbackfill.run.worker import call_in

Caller = Callable[[Callable[[], Written]], Written]


class Execution:
    """One run under way. Statements of chunks run in a thread of their own, all else in this one."""

    def __init__(self, inputs: RunInputs, tally: Tally) -> None:
        self._inputs = inputs
        self._tally = tally
        self._session = inputs.adapter.session()
        self._fallout = Fallout()
        self._signals = Signals()
        self._cancellation = Cancellation()
        self._is_draining = False
        self._file_writer = RunFileWriter(inputs.runs_directory)
        self._file = RunFile(
            run_id=inputs.run_id,
            plan_id=inputs.plan.plan_id,
            command=inputs.command,
            status=RunStatus.RUNNING,
            started_at=inputs.clock().isoformat(),
            process=this_process(),
        )

    def run(self, todo: tuple[Task, ...]) -> RunStatus:
        """Does `todo` in order, and returns how the run ended, which is recorded by then."""
        inputs, session = self._inputs, self._session
        relations = sorted({inputs.models[task.model].relation for task in todo})
        try:
            inputs.ledger.prepare(session)
            leases = inputs.ledger.leases
            with self._signals, Claims(leases, session, inputs.run_id, relations) as claims:
                return self._run_recorded(todo, claims)
        finally:
            session.close()

    def _run_recorded(self, todo: tuple[Task, ...], claims: Claims) -> RunStatus:
        status = RunStatus.FAILED
        self._start()
        try:
            is_interrupted = self._do_all(todo, claims)
            status = self._tally.status(self._inputs.plan, is_interrupted=is_interrupted)
        finally:
            self._finish(status)
        return status

    def _do_all(self, todo: tuple[Task, ...], claims: Claims) -> bool:
        """Whether the user ended it before all was tried."""
        writer = ChunkWriter(self._inputs, self._cancellation, claims.check)

        def look_up() -> None:
            self._heed_user(writer)
            claims.renew()

        try:
            with ThreadPoolExecutor(1, "sqlbackfill-statements") as pool:
                for task in todo:
                    look_up()
                    if self._signals.wish is not Wish.GO_ON:
                        return True
                    if not self._do(task, writer, partial(call_in, pool, look_up)):
                        return True
                    if self._has_failed_enough:
                        break
        finally:
            writer.close()
        return False

    def _do(self, task: Task, writer: ChunkWriter, call: Caller) -> bool:
        """Writes, fails or blocks one chunk; False if the user gave it up."""
        inputs, model = self._inputs, self._inputs.models[task.model]
        by = self._fallout.blocking(inputs.reads(task.model, task.chunk.partitions))
        if by is not None:
            self._block(task, by)
            return True
        inputs.sink(events.ChunkStarted(task.model, task.chunk))
        started = time.monotonic()
        try:
            work = ChunkWork(
                task=task,
                model=model,
                sql=inputs.sql(task.model, task.chunk),
                inputs=inputs.versions.inputs_of(task.model, task.chunk.partitions),
                sources=inputs.sources(task.model, task.chunk),
            )
            written = call(lambda: writer.write(work))
        except SqlbackfillError as error:
            if isinstance(error, CancelledError) and self._signals.wish is Wish.GIVE_UP:
                return False
            self._fail(task, error)
        else:
            self._succeed(task, written)
        finally:
            seconds = time.monotonic() - started
            self._tally.spent(task.model, queries=writer.take_queries(), seconds=seconds)
        return True

    def _heed_user(self, writer: ChunkWriter) -> None:
        """Acts on what the user asked for by now; called while a chunk runs and before each one."""
        if self._signals.wish is not Wish.GO_ON and not self._is_draining:
            self._is_draining = True
            self._inputs.sink(events.Draining())
        if self._signals.wish is Wish.GIVE_UP:
            self._cancellation.strike(writer.session)

    def _succeed(self, task: Task, written: Written) -> None:
        self._inputs.versions.built(task.model, written.records)
        self._tally.wrote(task.model, written)
        self._report()
        self._inputs.sink(
            events.ChunkFinished(
                task.model, task.chunk, written.rows, written.seconds, written.warnings
            )
        )

    def _fail(self, task: Task, error: SqlbackfillError) -> None:
        diagnostics = [self._name_chunk(each, task) for each in error.diagnostics]
        self._fallout.add(task.model, task.chunk.partitions)
        self._tally.failed(
            [FailedChunk(task.model, task.chunk, each) for each in diagnostics],
            by_guard=isinstance(error, GuardError),
        )
        self._save(task, ChunkStatus.FAILED, diagnostics[0])
        self._inputs.sink(events.ChunkFailed(task.model, task.chunk, diagnostics[0]))

    def _block(self, task: Task, by: str) -> None:
        model = self._inputs.models[task.model]
        self._fallout.add(task.model, task.chunk.partitions)
        self._tally.block(BlockedChunk(task.model, task.chunk, by))
        why = upstream_failed(model, task.chunk.partitions, by)
        self._save(task, ChunkStatus.BLOCKED, why)
        self._inputs.sink(events.ChunkBlocked(task.model, task.chunk, by))

    def _save(self, task: Task, status: ChunkStatus, why: Diagnostic) -> None:
        """Records a chunk that was not built. That this fails too must not hide the first error."""
        record = chunk_record(self._inputs, task, status, why)
        try:
            self._inputs.ledger.save_chunk(self._session, record)
        except SqlbackfillError as error:
            self._warn(error)
        self._report()

    def _name_chunk(self, diagnostic: Diagnostic, task: Task) -> Diagnostic:
        model = self._inputs.models[task.model]
        return replace(
            diagnostic,
            model=diagnostic.model or task.model,
            message=f"{name_of(model, task.chunk.partitions)}: {diagnostic.message}",
        )

    def _start(self) -> None:
        inputs, file = self._inputs, self._file
        inputs.ledger.start_run(
            self._session,
            RunRecord(
                run_id=inputs.run_id,
                plan_id=inputs.plan.plan_id,
                plan_json=inputs.plan_json,
                status=RunStatus.RUNNING,
                started_at=file.started_at,
                pid=file.process.pid,
                process_started=file.process.started,
                host=file.process.host,
                version=__version__,
                command=inputs.command,
                partitions=inputs.plan.partition_count,
            ),
        )
        self._report(now=True)

    def _finish(self, status: RunStatus) -> None:
        """Records how the run ended, in the ledger where it can be reached, and in the run file."""
        inputs = self._inputs
        try:
            inputs.ledger.finish_run(
                self._session, inputs.run_id, status, inputs.clock().isoformat()
            )
        except SqlbackfillError as error:
            self._warn(error)
        self._file = replace(self._file, status=status)
        self._report(now=True)

    def _report(self, *, now: bool = False) -> None:
        models = dict(self._tally.progress)
        self._file_writer.write(replace(self._file, models=models), now=now)

    def _warn(self, error: SqlbackfillError) -> None:
        self._tally.warnings.extend(
            replace(diagnostic, severity=Severity.WARNING) for diagnostic in error.diagnostics
        )

    @property
    def _has_failed_enough(self) -> bool:
        most = self._inputs.max_failures
        return most is not None and self._tally.failed_chunks >= most
