"""The `run`, `resume` and `cancel` use cases."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlbackfill.app.checkpoints import keep_checkpoints
from sqlbackfill.app.chunk_sql import ChunkRenderer
from sqlbackfill.app.code_texts import keeping_code
from sqlbackfill.app.cut_off import CutOff
from sqlbackfill.app.fixed_costs import FixedCosts
from sqlbackfill.app.heads import looking_again
from sqlbackfill.app.loading import load
from sqlbackfill.app.old_ledgers import migrating
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import Planned, PlanRequest, open_plan, plan, plan_from_text
from sqlbackfill.app.planning import ledger_of
from sqlbackfill.app.run_budget import budget_of, price_per_second, refuse_dear
from sqlbackfill.app.run_ids import new_run_id
from sqlbackfill.app.run_reads import run_reads
from sqlbackfill.app.run_sizings import RunSizings
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, GuardError, SqlbackfillError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import RunRecord, RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.document import total_estimate
from sqlbackfill.run import runfile
from sqlbackfill.run.budget import Budget
from sqlbackfill.run.events import Sink, SourceCompared
from sqlbackfill.run.execute import execute
from sqlbackfill.run.inputs import RunInputs
from sqlbackfill.run.result import RunResult
from sqlbackfill.run.schedule import Order
from sqlbackfill.warehouse.protocol import Session

Confirm = Callable[[Planned], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run goes about its plan. `max_failures` None goes on with all that is not held back.

    `max_parallel` None is the target's `threads`, in dbt's words. `max_cost`, in US dollars, is what
    this command may spend; what is not known exceeds it unless `allow_unknown`.
    """

    yes: bool = False
    allow_empty: bool = False
    max_failures: int | None = None
    max_parallel: int | None = None
    max_cost: float | None = None
    allow_unknown: bool = False
    order: Order = Order.PLAN


def run(
    options: Options,
    request: PlanRequest | None,
    plan_file: Path | None,
    wanted: RunOptions,
    confirm: Confirm | None,
    sink: Sink,
) -> RunResult:
    """Plans `request`, or opens `plan_file`, asks `confirm`, and does it.

    Raises GuardError NOT_CONFIRMED where `confirm` says no, and what planning raises; once chunks
    are being written every failure is part of the result.
    """
    if plan_file is not None:
        planned = migrating(
            options, partial(open_plan, options, plan_file), sink, is_allowed=wanted.yes
        )
        command = f"run --plan {plan_file}"
    else:
        asked = request or PlanRequest()
        planned = migrating(options, partial(plan, options, asked), sink, is_allowed=wanted.yes)
        command = _command(asked)
    budget = budget_of(planned, wanted.max_cost, allow_unknown=wanted.allow_unknown)
    if wanted.yes and wanted.max_cost is None and _has_work(planned):
        refuse_dear(planned)
    if confirm is not None and _has_work(planned) and not confirm(planned):
        raise GuardError(
            Diagnostic(
                code="NOT_CONFIRMED",
                message="nothing was done: the plan was not confirmed",
                fix="answer y, or add --yes",
            )
        )
    return _execute(planned, wanted, sink, command, budget)


def resume(
    options: Options, run_id: str | None, wanted: RunOptions, sink: Sink
) -> RunResult | None:
    """Goes on with the run `run_id` (or the newest unfinished one) by its own plan.

    None where nothing is unfinished. Raises UsageError for an unknown run, ProjectError
    PLAN_OUTDATED where what the plan stands on has changed.
    """
    found = migrating(options, partial(_unfinished, options, run_id), sink, is_allowed=True)
    if found is None:
        return None
    planned = plan_from_text(options, found.plan_json or "", file=f"run {found.run_id}")
    budget = budget_of(planned, wanted.max_cost, allow_unknown=wanted.allow_unknown)
    return _execute(planned, wanted, sink, f"resume {found.run_id}", budget)


def cancel(options: Options, run_id: str) -> None:
    """Asks the process of the run `run_id` to stop; what it committed stays. Raises UsageError."""
    runfile.cancel(runs_directory(options.project_dir), run_id)


def runs_directory(project_dir: Path) -> Path:
    """Where runs keep their progress for other processes."""
    return project_dir / ".sqlbackfill" / "runs"


def _unfinished(options: Options, run_id: str | None) -> RunRecord | None:
    loaded = load(options)
    adapter = loaded.adapter
    ledger = Ledger(adapter, loaded.target.database, loaded.target.ledger_schema)
    session = adapter.session(read_only=True)
    try:
        if run_id is not None:
            return ledger.run(session, run_id)
        return ledger.newest_unfinished(session) if ledger.exists(session) else None
    finally:
        session.close()
        adapter.close()


def _execute(
    planned: Planned, wanted: RunOptions, sink: Sink, command: str, budget: Budget | None
) -> RunResult:
    workspace = planned.prepared.workspace
    loaded = workspace.loaded
    versions = CutOff(
        planned.prepared,
        planned.plan,
        planned.prepared.versions,
        lambda source, scan_bytes: sink(SourceCompared(source, scan_bytes)),
    )
    has_run = any(planned.already.values())
    foretold = None if has_run else total_estimate(planned.plan)
    rate = price_per_second(loaded)
    inputs = RunInputs(
        run_id=new_run_id(datetime.now(UTC)),
        plan=planned.plan,
        models=planned.models,
        adapter=loaded.adapter,
        ledger=ledger_of(workspace),
        sql=ChunkRenderer(workspace, _OwnTables(planned)),
        reads=run_reads(planned.prepared.reads, planned.plan, planned.models),
        versions=versions,
        on_claimed=_both(
            looking_again(planned.prepared, planned.plan, versions),
            keeping_code(
                workspace,
                planned.prepared.ledger,
                (step.model for step in planned.plan.steps),
                lambda: datetime.now(UTC).isoformat(),
            ),
        ),
        sources=planned.prepared.sources_of(planned.plan).scans,
        still_needed=versions.still_needed,
        fixed_costs_prevail=FixedCosts(planned.prepared).prevail,
        foretold=foretold,
        usd_per_second=rate,
        sizing=RunSizings(planned).of,
        clock=lambda: datetime.now(UTC),
        already=planned.already,
        sink=sink,
        allow_empty=wanted.allow_empty,
        max_failures=wanted.max_failures,
        budget=budget,
        max_parallel=wanted.max_parallel or loaded.target.threads,
        order=wanted.order,
        command=command,
        plan_json=json.dumps(planned.document, separators=(",", ":")),
        runs_directory=runs_directory(loaded.project.root),
    )
    is_left = False
    try:
        result = execute(inputs)
        is_left = result.is_left
        written = [model.model for model in result.models if model.partitions_built]
        if written and result.status is not RunStatus.INTERRUPTED:
            # A checkpoint only saves time: all that it says stands in the log.
            with contextlib.suppress(SqlbackfillError):
                keep_checkpoints(workspace, written)
    finally:
        if not is_left:
            loaded.adapter.close()
    result = replace(result, estimate=foretold, usd_per_second=rate)
    flags = _global_flags(loaded.options)
    return replace(result, resume=f"{result.resume}{flags}") if result.resume else result


def _global_flags(options: Options) -> str:
    """The global options that the command which goes on needs too, each after a space."""
    named = {
        "--project-dir": None if options.project_dir == Path() else options.project_dir,
        "--profiles-dir": options.profiles_dir,
        "--profile": options.profile,
        "--target": options.target,
        "--vars": json.dumps(dict(options.vars), default=str) if options.vars else None,
    }
    return "".join(f" {flag} {_quoted(str(value))}" for flag, value in named.items() if value)


class _OwnTables:
    """Whether a model has its table by now. Looks at the warehouse until it has."""

    def __init__(self, planned: Planned) -> None:
        self._workspace = planned.prepared.workspace
        self._known = set(planned.prepared.state.tables)

    def __call__(self, name: str) -> bool:
        if name not in self._known:
            session = self._workspace.loaded.adapter.session()
            try:
                found = session.table(self._workspace.models[name].relation)
            finally:
                session.close()
            if found is not None:
                self._known.add(name)
        return name in self._known


def _has_work(planned: Planned) -> bool:
    """Whether anything of the plan is left that runs of it have not committed."""
    return any(
        step.partitions - planned.already.get(step.model, PartitionSet.empty())
        for step in planned.plan.steps
    )


def _both(
    first: Callable[[Session], None], second: Callable[[Session], None]
) -> Callable[[Session], None]:
    def do(session: Session) -> None:
        first(session)
        second(session)

    return do


def _command(request: PlanRequest) -> str:
    words = ["run"]
    for flag, values in (
        ("-s", request.select),
        ("--exclude", request.exclude),
        ("-p", request.partitions),
    ):
        words += [f"{flag} {_quoted(value)}" for value in values]
    if request.strategy:
        words.append(f"--strategy {request.strategy}")
    if request.state:
        words.append(f"--state {_quoted(str(request.state))}")
    if request.missing_upstream:
        words.append(f"--missing-upstream {request.missing_upstream}")
    return " ".join(words)


def _quoted(value: str) -> str:
    import shlex

    return shlex.quote(value)
