"""The `runs` use case: the history of runs, and the one under way."""

from __future__ import annotations

from typing import Any

from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.app.run import runs_directory
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import WarehouseError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import NO_COSTS, RunCosts, RunProgress, RunRecord, RunStatus
from sqlbackfill.run.runfile import RunFile, read_run_files, running


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One run. Times are ISO 8601 in UTC; `finished_at` is None while it runs."""

    run_id: str
    plan_id: str
    status: str
    started_at: str
    finished_at: str | None
    models: tuple[str, ...]
    partitions_done: int
    partitions_total: int
    command: str
    costs: RunCosts = NO_COSTS

    def as_json(self) -> dict[str, Any]:
        plain = {n: _plain(getattr(self, n)) for n in self.__slots__ if n != "costs"}
        return {**plain, **{name: getattr(self.costs, name) for name in RunCosts.__slots__}}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def runs(options: Options, limit: int) -> tuple[RunSummary, ...]:
    """The newest runs first; where a run holds the database, what its run file says of it."""
    loaded = load(options)
    ledger = Ledger(loaded.adapter, loaded.target.database, loaded.target.ledger_schema)
    files = read_run_files(runs_directory(options.project_dir))
    try:
        session = loaded.adapter.session(read_only=True)
        try:
            if not ledger.exists(session):
                return ()
            records = ledger.runs(session, limit)
            progress = ledger.progress(session, [record.run_id for record in records])
        finally:
            session.close()
    except WarehouseError as error:
        if error.diagnostics[0].code != "DATABASE_LOCKED" or running(files) is None:
            raise
        return tuple(_of_file(file) for file in files[:limit])
    finally:
        loaded.adapter.close()
    live = {file.run_id for file in files if file.status is RunStatus.RUNNING}
    return tuple(
        _of_record(record, progress.get(record.run_id, RunProgress()), live) for record in records
    )


def _of_record(record: RunRecord, progress: RunProgress, live: set[str]) -> RunSummary:
    is_dead = record.status is RunStatus.RUNNING and record.run_id not in live
    status = RunStatus.INTERRUPTED if is_dead else record.status
    return RunSummary(
        run_id=record.run_id,
        plan_id=record.plan_id,
        status=status.value,
        started_at=record.started_at,
        finished_at=record.finished_at,
        models=progress.models,
        partitions_done=progress.partitions_done,
        partitions_total=record.partitions,
        command=record.command,
        costs=record.costs,
    )


def _of_file(file: RunFile) -> RunSummary:
    models = file.models
    return RunSummary(
        run_id=file.run_id,
        plan_id=file.plan_id,
        status=file.status.value,
        started_at=file.started_at,
        finished_at=None,
        models=tuple(models),
        partitions_done=sum(model.built + model.skipped for model in models.values()),
        partitions_total=sum(model.total for model in models.values()),
        command=file.command,
    )
