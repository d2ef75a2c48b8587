"""One run under way: chunks side by side, failures contained, every outcome recorded."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import (
    CancelledError,
    Diagnostic,
    FailureKind,
    GuardError,
    Severity,
    SqlbackfillError,
    WarehouseError,
)
from sqlbackfill.ledger.records import ChunkStatus, RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import MAY_BE_CUT_OFF, Chunk, PlannedModel
from sqlbackfill.run import events
from sqlbackfill.run.budget import Spending
from sqlbackfill.run.chunk import ChunkWork, ChunkWriter, Written
from sqlbackfill.run.claims import Claims
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.interrupt import Signals, Wish
from sqlbackfill.run.journal import Journal
from sqlbackfill.run.remedy import Remedies
from sqlbackfill.run.resizing import Resizer
from sqlbackfill.run.result import BlockedChunk, FailedChunk
from sqlbackfill.run.schedule import Task
from sqlbackfill.run.stages import drop_left_stages
from sqlbackfill.run.tables import Tables
from sqlbackfill.run.tally import Tally, name_of, upstream_failed
from sqlbackfill.run.wavefront import LOOK_AHEAD, Blocked, Wavefront, may_go_abreast
from sqlbackfill.run.worker import Workers

Crew = Workers["_Attempt", Written]


class _Attempt:
    """A chunk that is being written, by whom, and since when."""

    __slots__ = ("started", "task", "writer")

    def __init__(self, task: Task, writer: ChunkWriter) -> None:
        self.task = task
        self.writer = writer
        self.started = time.monotonic()


class Execution:
    """One run under way. Statements of chunks run in threads of their own, all else in this one.

    `is_left` as in RunResult.
    """

    def __init__(self, inputs: RunInputs, tally: Tally) -> None:
        self._inputs = inputs
        self._tally = tally
        self._session = inputs.adapter.session()
        self._journal = Journal(inputs, tally, self._session)
        self._remedies = Remedies(inputs.fixed_costs_prevail)
        self._resizer = Resizer(inputs.sizing, may_grow=inputs.budget is None)
        self._spending = Spending(inputs.budget) if inputs.budget is not None else None
        self._signals = Signals()
        self._is_draining = False
        self._given_up_at: float | None = None
        self.is_left = False
        self._writers: list[ChunkWriter] = []
        self._idle: list[ChunkWriter] = []

    def run(self, todo: tuple[Task, ...]) -> RunStatus:
        """Does `todo`, and returns how the run ended, which is recorded by then."""
        inputs, session = self._inputs, self._session
        relations = sorted({inputs.models[task.model].relation for task in todo})
        try:
            inputs.ledger.prepare(session)
            leases = inputs.ledger.leases
            with self._signals, Claims(leases, session, inputs.run_id, relations) as claims:
                drop_left_stages(inputs.adapter, session, relations, inputs.run_id)
                inputs.on_claimed(session)
                return self._run_recorded(todo, claims)
        finally:
            session.close()

    def _run_recorded(self, todo: tuple[Task, ...], claims: Claims) -> RunStatus:
        status = RunStatus.FAILED
        self._journal.start()
        try:
            is_interrupted = self._do_all(todo, claims)
            status = self._tally.status(self._inputs.plan, is_interrupted=is_interrupted)
        finally:
            self._journal.finish(status)
        return status

    def _do_all(self, todo: tuple[Task, ...], claims: Claims) -> bool:
        """Whether the user ended it before all was tried."""
        inputs = self._inputs
        at_once = inputs.max_parallel if inputs.adapter.stages else 1
        count = min(inputs.max_parallel, _most_at_once(todo, inputs.models, at_once))
        ahead = LOOK_AHEAD if count > 1 else 1
        wave = Wavefront(todo, inputs.models, inputs.reads, look_ahead=ahead, at_once=at_once)
        tables = Tables()
        try:
            with Workers[_Attempt, Written](count) as crew:
                for _ in range(count):
                    self._writers.append(ChunkWriter(inputs, tables, claims.check))
                self._idle = self._writers[::-1]
                try:
                    self._work_through(wave, crew, claims)
                finally:
                    if self.is_left:
                        crew.leave()
                    elif crew.busy:  # only after an error of our own: nobody will look at these
                        self._give_up()
        finally:
            # The session of a statement that goes on cannot be closed before it has ended.
            for writer in self._idle if self.is_left else self._writers:
                writer.close()
        return not wave.is_over and self._signals.wish is not Wish.GO_ON

    def _work_through(self, wave: Wavefront, crew: Crew, claims: Claims) -> None:
        """Launches what may start and takes in what has ended, until nothing is left of either."""
        while True:
            self._heed_user()
            claims.renew()
            while self._idle and self._goes_on:
                found = wave.take()
                if found is None:
                    break
                if isinstance(found, Blocked):
                    self._block(found, wave)
                elif not self._is_over_budget(found, wave):
                    self._launch(found, wave, crew)
                self._heed_user()
            if not crew.busy:
                return
            if self._is_beyond_patience:
                self._leave()
                return
            ended = crew.next_done()
            if ended is not None:
                self._take_in(*ended, wave)

    def _launch(self, task: Task, wave: Wavefront, crew: Crew) -> None:
        """Has one chunk written, or what is left of it to write."""
        inputs, model, partitions = self._inputs, task.model, task.chunk.partitions
        started = time.monotonic()
        try:
            if task.step.reason in MAY_BE_CUT_OFF and not task.is_checked:
                needed = inputs.still_needed(model, partitions) & partitions
                if needed and inputs.models[model].is_never_cut:
                    needed = partitions
                if needed != partitions:
                    self._cut_off(replace(task, is_checked=True), needed, wave)
                    return
            inputs.sink(events.ChunkStarted(model, task.chunk))
            work = ChunkWork(
                task=task,
                model=inputs.models[model],
                sql=inputs.sql(model, task.chunk),
                inputs=inputs.versions.inputs_of(model, partitions),
                sources=inputs.sources(model, task.chunk),
            )
        except SqlbackfillError as error:
            self._tally.spent(model, queries=0, seconds=time.monotonic() - started)
            self._fail(task, error, wave)
            return
        writer = self._idle.pop()
        if self._spending is not None:
            self._spending.launched(task)
        crew.start(_Attempt(task, writer), lambda: writer.write(work))

    def _take_in(self, attempt: _Attempt, future: Future[Written], wave: Wavefront) -> None:
        task, writer = attempt.task, attempt.writer
        self._idle.append(writer)
        seconds = time.monotonic() - attempt.started
        self._tally.spent(task.model, queries=writer.take_queries(), seconds=seconds)
        if self._spending is not None:
            self._spending.ended(task, seconds)
        try:
            written = future.result()
        except SqlbackfillError as error:
            if isinstance(error, CancelledError) and self._signals.wish >= Wish.GIVE_UP:
                return
            self._fail_or_split(task, error, wave)
        else:
            self._succeed(task, written, wave)

    def _heed_user(self) -> None:
        """Acts on what the user asked for by now; called before each launch and in every pause."""
        if self._signals.wish is Wish.GO_ON:
            return
        if not self._is_draining:
            self._is_draining = True
            self._inputs.sink(events.Draining())
        if self._signals.wish >= Wish.GIVE_UP:
            self._give_up()

    def _give_up(self) -> None:
        if self._given_up_at is None:
            self._given_up_at = time.monotonic()
        for writer in self._writers:
            writer.give_up()

    @property
    def _is_beyond_patience(self) -> bool:
        """Whether to wait no longer for the engine: some operators of engines heed no interrupt."""
        if self._given_up_at is None:
            return False
        if self._signals.wish is Wish.LEAVE:
            return True
        at_work = [writer for writer in self._writers if writer not in self._idle]
        waited_s = time.monotonic() - self._given_up_at
        return waited_s >= self._inputs.grace_s and not any(each.is_ending for each in at_work)

    def _leave(self) -> None:
        """Ends the run beside statements that go on: none of them can commit any more."""
        self.is_left = True
        self._tally.warnings.append(
            Diagnostic(
                code="QUERY_NOT_INTERRUPTED",
                severity=Severity.WARNING,
                message="the engine went on with a query that it was told to give up; the process "
                "ends without waiting for it, and nothing of that query is kept",
            )
        )

    @property
    def _goes_on(self) -> bool:
        """Whether anything more is to be begun."""
        most = self._inputs.max_failures
        has_failed_enough = most is not None and self._tally.failed_chunks >= most
        may_go_on = self._tally.stop is None and not has_failed_enough
        return self._signals.wish is Wish.GO_ON and may_go_on

    def _is_over_budget(self, task: Task, wave: Wavefront) -> bool:
        """Whether `task` would cost more than is left: then it goes back, and nothing more is begun."""
        why = self._spending.refusal(task) if self._spending is not None else None
        if why is None:
            return False
        self._tally.stop = why
        wave.put_back(task, task.chunk.partitions.ranges)
        wave.release(task.model)
        return True

    def _succeed(self, task: Task, written: Written, wave: Wavefront) -> None:
        self._inputs.versions.built(task.model, written.records)
        self._tally.wrote(task.model, written)
        resized = self._resizer.finished(task, written.rows, written.seconds)
        if resized is not None:
            wave.take_up_to(task.model, resized.most)
        wave.settle(task.model, task.chunk.partitions)
        wave.release(task.model)
        self._journal.report()
        self._inputs.sink(
            events.ChunkFinished(
                task.model, task.chunk, written.rows, written.seconds, written.warnings
            )
        )
        if resized is not None:
            self._journal.save(task, ChunkStatus.RESIZED, resized.why)
            self._inputs.sink(events.ChunkResized(task.model, task.chunk, resized.most))

    def _cut_off(self, task: Task, needed: PartitionSet, wave: Wavefront) -> None:
        """Leaves all of `task` but `needed` as it is; its readers need not wait for that."""
        dropped = task.chunk.partitions - needed
        self._tally.cut_off(task.model, len(dropped))
        wave.settle(task.model, dropped)
        wave.put_back(task, needed.ranges)
        wave.release(task.model)
        self._journal.report()
        self._inputs.sink(events.ChunkCutOff(task.model, dropped))

    def _fail_or_split(self, task: Task, error: SqlbackfillError, wave: Wavefront) -> None:
        model = self._inputs.models[task.model]
        parts = (
            ()
            if model.is_never_cut or model.reads_itself or not self._goes_on
            else self._remedies.halves(task, error)
        )
        if not parts:
            self._fail(task, error, wave)
            return
        if isinstance(error, WarehouseError) and error.kind is not FailureKind.DATA:
            most = max(end - start for start, end in parts)
            self._resizer.too_large(task, most)
            wave.take_no_more_than(task.model, most)
        why = self._name_chunk(error.diagnostics[0], task.model, task.chunk)
        self._journal.save(task, ChunkStatus.SPLIT, why)
        self._inputs.sink(events.ChunkSplit(task.model, task.chunk, why))
        wave.put_back(task, parts)
        wave.release(task.model)

    def _fail(self, task: Task, error: SqlbackfillError, wave: Wavefront) -> None:
        model, chunk = task.model, task.chunk
        diagnostics = [self._name_chunk(each, model, chunk) for each in error.diagnostics]
        self._tally.failed(
            [FailedChunk(model, chunk, each) for each in diagnostics],
            by_guard=isinstance(error, GuardError),
        )
        wave.lose(model, chunk.partitions)
        wave.release(model)
        self._journal.save(task, ChunkStatus.FAILED, diagnostics[0])
        self._inputs.sink(events.ChunkFailed(model, chunk, diagnostics[0]))

    def _block(self, blocked: Blocked, wave: Wavefront) -> None:
        task, models = blocked.task, self._inputs.models
        partitions = task.chunk.partitions
        wave.lose(task.model, partitions)
        wave.release(task.model)
        self._tally.block(BlockedChunk(task.model, task.chunk, blocked.by, blocked.lost))
        why = upstream_failed(models[task.model], partitions, models[blocked.by], blocked.lost)
        self._journal.save(task, ChunkStatus.BLOCKED, why)
        self._inputs.sink(events.ChunkBlocked(task.model, task.chunk, blocked.by))

    def _name_chunk(self, diagnostic: Diagnostic, model: str, chunk: Chunk) -> Diagnostic:
        named = name_of(self._inputs.models[model], chunk.partitions)
        return replace(
            diagnostic,
            model=diagnostic.model or model,
            message=f"{named}: {diagnostic.message}",
        )


def _most_at_once(
    todo: Iterable[Task], models: Mapping[str, PlannedModel], of_one_model: int
) -> int:
    """How many chunks of `todo` could be under way at a time, those that fall apart counted whole."""
    partitions: Counter[str] = Counter()
    for task in todo:
        partitions[task.model] += len(task.chunk.partitions)
    return sum(
        min(of_one_model, count) if may_go_abreast(models[name]) else 1
        for name, count in partitions.items()
    )
