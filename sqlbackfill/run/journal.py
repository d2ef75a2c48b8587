"""What a run tells the ledger and its run file while it goes on. Partition records are `chunk`'s."""

from __future__ import annotations

import time

from sqlbackfill import __version__
from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, Severity, SqlbackfillError
from sqlbackfill.ledger.processes import this_process
from sqlbackfill.ledger.records import ChunkStatus, RunCosts, RunRecord, RunStatus
from sqlbackfill.plan.types import Estimate
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.records import chunk_record
from sqlbackfill.run.runfile import RunFile, RunFileWriter
from sqlbackfill.run.schedule import Task
from sqlbackfill.run.tally import Tally
from sqlbackfill.warehouse.protocol import Session


class Journal:
    """Records that a run began, what it did not build, how far it is and how it ended."""

    def __init__(self, inputs: RunInputs, tally: Tally, session: Session) -> None:
        self._inputs = inputs
        self._tally = tally
        self._session = session
        self._began = time.monotonic()
        self._file_writer = RunFileWriter(inputs.runs_directory)
        self._file = RunFile(
            run_id=inputs.run_id,
            plan_id=inputs.plan.plan_id,
            command=inputs.command,
            status=RunStatus.RUNNING,
            started_at=inputs.clock().isoformat(),
            process=this_process(),
        )

    def start(self) -> None:
        """Records that the run has begun. Raises SqlbackfillError where the ledger cannot take it."""
        self._began = time.monotonic()
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
                costs=_foretold(inputs.foretold),
            ),
        )
        self.report(now=True)

    def save(self, task: Task, status: ChunkStatus, why: Diagnostic) -> None:
        """Records a chunk that was not built. That this fails too must not hide the first error."""
        record = chunk_record(self._inputs, task, status, why)
        try:
            self._inputs.ledger.save_chunk(self._session, record)
        except SqlbackfillError as error:
            self._warn(error)
        self.report()

    def report(self, *, now: bool = False) -> None:
        """Brings the run file up to date, now or when it is due."""
        models = dict(self._tally.progress)
        self._file_writer.write(replace(self._file, models=models), now=now)

    def finish(self, status: RunStatus) -> None:
        """Records how the run ended, in the ledger where it can be reached, and in the run file."""
        inputs = self._inputs
        try:
            ended_at, costs = inputs.clock().isoformat(), self._costs()
            inputs.ledger.finish_run(self._session, inputs.run_id, status, ended_at, costs)
        except SqlbackfillError as error:
            self._warn(error)
        self._file = replace(self._file, status=status)
        self.report(now=True)

    def _costs(self) -> RunCosts:
        """What the run came to: its chunks' time, and the price of its own."""
        rate = self._inputs.usd_per_second
        up_s = time.monotonic() - self._began
        return RunCosts(seconds=self._tally.seconds, cost_usd=None if rate is None else rate * up_s)

    def _warn(self, error: SqlbackfillError) -> None:
        self._tally.warnings.extend(
            replace(diagnostic, severity=Severity.WARNING) for diagnostic in error.diagnostics
        )


def _foretold(estimate: Estimate | None) -> RunCosts:
    """`estimate` as it is recorded."""
    if estimate is None:
        return RunCosts()
    seconds, cost, scanned = estimate.seconds, estimate.cost_usd, estimate.scan_bytes
    return RunCosts(
        estimated_seconds=seconds.likely if seconds else None,
        estimated_seconds_high=seconds.high if seconds else None,
        estimated_bytes=round(scanned.likely) if scanned else None,
        estimated_cost_usd=cost.likely if cost else None,
        estimated_cost_usd_high=cost.high if cost else None,
    )
