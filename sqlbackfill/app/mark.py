"""The `mark` use case: adopts tables that another tool built, and forgets what was recorded."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlbackfill import __version__
from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.code_texts import keeping_code
from sqlbackfill.app.model_partitions import chosen_partitions, one_model
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import refuse_broken_sources, refuse_other_databases
from sqlbackfill.app.planned_models import planned_models
from sqlbackfill.app.planning import Prepared, prepare
from sqlbackfill.app.run_ids import new_run_id
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, GuardError, ProjectError, Severity
from sqlbackfill.ledger.processes import this_process
from sqlbackfill.ledger.records import RunRecord, RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk, PlannedModel
from sqlbackfill.run.foreign_rows import ForeignRows, find_foreign_rows
from sqlbackfill.run.marking import (
    Marking,
    OnForeignRows,
    foreign_rows_of,
    foreign_rows_refused,
    mark,
    table_missing,
)
from sqlbackfill.warehouse.protocol import Session, TableInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRequest:
    """The words of the command line, unread: `as_built` False forgets. `foreign_rows` is keep, delete."""

    model: str
    partitions: Sequence[str] = ()
    as_built: bool = True
    foreign_rows: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPlan:
    """What a `mark` would record, and what it leaves as it is.

    `empty` are those of `partitions` that hold no rows. `unchanged` was named, and is built already
    or has no record to forget.
    """

    request: MarkRequest
    planned: PlannedModel
    partitions: PartitionSet
    unchanged: PartitionSet
    empty: PartitionSet
    foreign_rows: ForeignRows
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def label(self) -> str:
        """The partitions as -p names them."""
        return self.planned.partitioning.label_set(self.partitions)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkResult:
    """What a `mark` recorded; `run_id` is None where there was nothing to do."""

    plan: MarkPlan
    run_id: str | None = None
    rows: int = 0
    foreign_rows: int = 0

    def as_json(self) -> dict[str, Any]:
        """The `mark` document of docs/cli.md."""
        plan, request = self.plan, self.plan.request
        partitioning = plan.planned.partitioning
        return {
            "schema_version": 1,
            "run_id": self.run_id,
            "model": plan.planned.name,
            "as": "built" if request.as_built else "missing",
            "partitions": [dict(each) for each in partitioning.json_ranges(plan.partitions)],
            "partition_count": len(plan.partitions),
            "unchanged": [dict(each) for each in partitioning.json_ranges(plan.unchanged)],
            "rows": self.rows,
            "foreign_rows": self.foreign_rows,
            "foreign_rows_action": request.foreign_rows if self.foreign_rows else None,
        }


Confirm = Callable[[MarkPlan], bool]


def mark_partitions(options: Options, request: MarkRequest, confirm: Confirm) -> MarkResult:
    """Records what `request` says, once `confirm` agrees.

    Raises UsageError for words that name nothing, ProjectError for a table that does not fit the
    model, GuardError FOREIGN_ROWS, NOT_CONFIRMED and LEASE_HELD, and WarehouseError.
    """
    workspace = open_workspace(options)
    adapter = workspace.loaded.adapter
    try:
        name = one_model(workspace, request.model, "mark")
        refuse_other_databases(workspace, (name,))
        session = adapter.session(read_only=True)
        try:
            prepared = prepare(workspace, session)
            plan = _plan(prepared, session, name, request)
            if request.as_built:
                refuse_broken_sources(workspace, {name})
        finally:
            session.close()
        if not plan.partitions:
            return MarkResult(plan=plan)
        if not confirm(plan):
            raise GuardError(
                Diagnostic(
                    code="NOT_CONFIRMED",
                    message="nothing was done: the marking was not confirmed",
                    fix="answer y, or add --yes",
                )
            )
        marking = _marking(prepared, plan)
        marked = mark(marking, adapter, prepared.ledger)
    finally:
        adapter.close()
    return MarkResult(
        plan=plan,
        run_id=marking.run.run_id,
        rows=marked.rows,
        foreign_rows=marked.foreign_rows,
    )


def _plan(prepared: Prepared, session: Session, name: str, request: MarkRequest) -> MarkPlan:
    workspace = prepared.workspace
    planned = planned_models(prepared, (name,))[name]
    state = prepared.candidates[name].state
    named, warnings = chosen_partitions(prepared, name, request.partitions)
    recorded = state.built | state.stale
    if not request.as_built:
        return MarkPlan(
            request=request,
            planned=planned,
            partitions=named & recorded,
            unchanged=named - recorded,
            empty=PartitionSet.empty(),
            foreign_rows=ForeignRows(),
            warnings=warnings,
        )
    refusal = workspace.models[name].config.refusal or prepared.candidates[name].refusal
    if refusal is not None:
        raise ProjectError(refusal.for_model(name))
    table = prepared.state.tables.get(name)
    if table is None:
        raise ProjectError(table_missing(planned))
    _refuse_misfit(prepared, name, table)
    adapter = workspace.loaded.adapter
    predicate, columns = foreign_rows_of(adapter, planned, table)
    foreign = find_foreign_rows(session, adapter, planned.relation, predicate, columns)
    if foreign and request.foreign_rows is None:
        raise GuardError(foreign_rows_refused(planned, foreign))
    adopted = named - state.built
    empty = _without_rows(prepared, name, adopted)
    return MarkPlan(
        request=request,
        planned=planned,
        partitions=adopted,
        unchanged=named & state.built,
        empty=empty,
        foreign_rows=foreign,
        warnings=(*warnings, *_empty_warning(planned, empty)),
    )


def _without_rows(prepared: Prepared, name: str, adopted: PartitionSet) -> PartitionSet:
    """Those of `adopted` without a record that hold no rows: such an adoption is easily a mistake."""
    if isinstance(prepared.workspace.partitionings[name], WholePartitioning):
        return PartitionSet.empty()
    tracked = prepared.state.tracked[name]
    return adopted - tracked.recorded - tracked.occupied


def _empty_warning(planned: PlannedModel, empty: PartitionSet) -> tuple[Diagnostic, ...]:
    if not empty:
        return ()
    return (
        Diagnostic(
            code="MARKED_EMPTY",
            severity=Severity.WARNING,
            message=f"no rows in {planned.partitioning.label_set(empty)}: marked as built, they "
            "count as partitions that have none",
            model=planned.name,
            fix=f"leave them out with `!`, or build them: sqlbackfill run -s {planned.name}",
        ),
    )


def _refuse_misfit(prepared: Prepared, name: str, table: TableInfo) -> None:
    """Raises ProjectError where the table is not of the model's kind, or has other columns."""
    workspace = prepared.workspace
    planned = planned_models(prepared, (name,))[name]
    if table.kind is not planned.kind:
        raise ProjectError(
            Diagnostic(
                code="NOT_A_TABLE",
                message=f"{planned.relation} is a {table.kind.value}, and `{name}` makes a "
                f"{planned.kind.value}",
                model=name,
                fix=f"drop or rename it, or give {name} another alias",
            )
        )
    facts = workspace.facts[name]
    if not facts.columns_known or not facts.columns:
        return
    ours = {column.name.lower(): column.name for column in facts.columns}
    theirs = {column.name.lower(): column.name for column in table.columns}
    notes = (
        ("new", ", ".join(spelled for key, spelled in ours.items() if key not in theirs)),
        ("gone", ", ".join(spelled for key, spelled in theirs.items() if key not in ours)),
    )
    found = tuple((label, text) for label, text in notes if text)
    if found:
        raise ProjectError(
            Diagnostic(
                code="SCHEMA_CHANGED",
                message=f"the columns of `{name}` differ from its table's: "
                + "; ".join(f"{label} {text}" for label, text in found),
                model=name,
                notes=found,
                fix="give the table the model's columns, or the model the table's",
            )
        )


def _marking(prepared: Prepared, plan: MarkPlan) -> Marking:
    name, request = plan.planned.name, plan.request
    now = datetime.now(UTC)
    process = this_process()
    run_id = new_run_id(now)
    marking = Marking(
        model=plan.planned,
        partitions=plan.partitions,
        is_adopted=request.as_built,
        fingerprint=prepared.candidates[name].fingerprint,
        foreign_rows=OnForeignRows(request.foreign_rows) if request.foreign_rows else None,
        run=RunRecord(
            run_id=run_id,
            plan_id=f"mark-{run_id}",
            plan_json=None,
            status=RunStatus.DONE,
            started_at=now.isoformat(),
            finished_at=now.isoformat(),
            pid=process.pid,
            process_started=process.started,
            host=process.host,
            version=__version__,
            command=_command(request, name),
            partitions=len(plan.partitions),
        ),
    )
    if not request.as_built:
        return marking
    sources = prepared.sources

    def scans(chunk: Chunk) -> Sequence[Any]:
        return sources.scans(name, chunk)

    return replace(
        marking,
        inputs=prepared.versions.inputs_of(name, plan.partitions),
        sources=scans,
        keep_code=keeping_code(prepared.workspace, prepared.ledger, (name,), now.isoformat),
    )


def _command(request: MarkRequest, name: str) -> str:
    words = ["mark", name]
    for text in request.partitions:
        words += ["-p", shlex.quote(text)]
    words += ["--as", "built" if request.as_built else "missing"]
    if request.foreign_rows:
        words += ["--foreign-rows", request.foreign_rows]
    return " ".join(words)
