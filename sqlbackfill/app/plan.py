"""The `plan` use case: what a run would do, from files, ledger and clock. Spends nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.chunk_outlooks import chunk_outlooks
from sqlbackfill.app.estimates import Outlooks, estimated, figures_for
from sqlbackfill.app.ledger_notes import notes, unclaimed
from sqlbackfill.app.options import Options
from sqlbackfill.app.planned_models import planned_models
from sqlbackfill.app.planning import Prepared, prepare
from sqlbackfill.app.saved_plan import committed_of, refuse_outdated
from sqlbackfill.app.untranspiled import refuse_untranspiled
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.plan import candidates as candidate_types
from sqlbackfill.plan.build import build_plan
from sqlbackfill.plan.chunk_choice import Outlook
from sqlbackfill.plan.document import identified, read_plan
from sqlbackfill.plan.strategy import parse_strategy
from sqlbackfill.plan.types import Plan, PlannedModel
from sqlbackfill.project.selection import Selection
from sqlbackfill.project.selectors import select as select_models
from sqlbackfill.warehouse.protocol import Session

Estimator = Callable[[Plan, Prepared, Session, Outlooks], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """The words of the command line, unread. `missing_upstream` is `build`, `block` or None.

    `state` is the manifest that `state:modified` compares with.
    """

    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    partitions: Sequence[str] = ()
    strategy: str | None = None
    strict_strategy: bool = False
    missing_upstream: str | None = None
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, its JSON document, and what it was made from.

    `already` is what runs of this very plan committed before and still stands. `outlooks` are those that
    chunks were chosen by, None where nothing is known of a model.
    """

    plan: Plan
    document: Mapping[str, Any]
    models: Mapping[str, PlannedModel]
    prepared: Prepared
    already: Mapping[str, PartitionSet] = field(default_factory=dict)
    outlooks: Mapping[str, Outlook | None] = field(default_factory=dict)


def plan(options: Options, request: PlanRequest, *, fills: bool = True) -> Planned:
    """The plan for `request` as things stand.

    Raises UsageError for words that cannot be read, ProjectError for the project, WarehouseError
    where the warehouse cannot be read. Without `fills` nothing is added upstream, nor blocked, nor
    estimated.
    """
    wanted = read_request(request)
    workspace = open_workspace(options)
    return plan_in(workspace, request, wanted, fills=fills)


def plan_in(
    workspace: Workspace,
    request: PlanRequest,
    wanted: candidate_types.PlanRequest,
    *,
    fills: bool = True,
    estimate: Estimator | None = None,
) -> Planned:
    """The same in a workspace that is open; `wanted` is `request` as `read_request` read it.

    `estimate` gives the steps their estimates, in place of what a plan knows quickly.
    """
    selection = selected_models(workspace, request)
    names = frozenset(workspace.partitionings)
    selected = replace(
        wanted,
        named=selection.named & names,
        upstream=selection.upstream & names,
        downstream=selection.downstream & names,
        is_selected_by_name=bool(request.select),
        fills=fills,
    )
    _refuse_unanalysed(workspace, selection.models, is_named=bool(request.select))
    loaded = workspace.loaded
    session = loaded.adapter.session(read_only=True)
    try:
        prepared = prepare(workspace, session)
        orphans = unclaimed(prepared, session)
        outlooks = Outlooks(partial(chunk_outlooks, prepared, session))
        plan = build_plan(
            prepared.candidates,
            prepared.reads,
            selected,
            as_of=loaded.as_of,
            target=loaded.target.name,
            digest=prepared.digest,
            outlooks=outlooks,
        )
        if estimate is not None:
            plan = estimate(plan, prepared, session, outlooks)
        elif fills:
            plan = estimated(plan, prepared, session, figures_for(prepared, session, outlooks))
    finally:
        session.close()
    refuse_broken_sources(workspace, {step.model for step in plan.steps})
    refuse_other_databases(workspace, (step.model for step in plan.steps))
    refuse_untranspiled(workspace, plan)
    told = (*_warnings(workspace, selected), *notes(prepared, orphans, selection.models))
    plan = replace(plan, warnings=(*told, *plan.warnings))
    planned = _planned(*identified(plan, workspace.partitionings), prepared)
    return replace(planned, outlooks=outlooks.known)


def selected_models(workspace: Workspace, request: PlanRequest) -> Selection:
    """The models that `request` selects. Raises UsageError, also for a manifest that cannot be read."""
    modified = None
    if request.state is not None:
        from sqlbackfill.app.manifest import modified_since

        modified = modified_since(workspace, request.state)
    return select_models(workspace.graph, request.select, request.exclude, modified=modified)


def read_request(request: PlanRequest) -> candidate_types.PlanRequest:
    """The words that need no project to be read. Raises UsageError."""
    return candidate_types.PlanRequest(
        named=frozenset(),
        spec=parse_spec(request.partitions) if request.partitions else None,
        strategy=parse_strategy(request.strategy) if request.strategy else None,
        is_strict=request.strict_strategy,
        missing_upstream=request.missing_upstream,
    )


def _planned(plan: Plan, document: Mapping[str, Any], prepared: Prepared) -> Planned:
    return Planned(
        plan=plan,
        document=document,
        models=planned_models(prepared, prepared.workspace.partitionings),
        prepared=prepared,
    )


def open_plan(options: Options, file: Path) -> Planned:
    """A saved plan, checked against the project, the tables and the ledger as they stand.

    Raises UsageError if `file` holds no plan, ProjectError PLAN_OUTDATED with every difference.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(
            Diagnostic(
                code="PLAN_UNREADABLE",
                message=f"cannot read the plan `{file}`: {reason}",
                fix="give a file that `sqlbackfill plan -o FILE` wrote",
            )
        ) from None
    return plan_from_text(options, text, file=str(file))


def plan_from_text(options: Options, text: str, *, file: str) -> Planned:
    """The same for the text of a plan; `file` is what messages call it."""
    workspace = open_workspace(options)
    saved = read_plan(text, workspace.partitionings, file=file)
    session = workspace.loaded.adapter.session(read_only=True)
    try:
        prepared = prepare(workspace, session)
        refuse_outdated(saved.plan, prepared, session)
        already = committed_of(saved.plan.plan_id, prepared, session)
    finally:
        session.close()
    return replace(_planned(saved.plan, saved.document, prepared), already=already)


def _refuse_unanalysed(workspace: Workspace, names: frozenset[str], *, is_named: bool) -> None:
    """Models of kinds that are never built are an error only where they were asked for."""
    refusals = [
        workspace.models[name].config.refusal
        for name in sorted(names)
        if name not in workspace.partitionings and workspace.models[name].config.refusal
    ]
    if is_named and refusals and len(refusals) == len(names):
        raise ProjectError(*(refusal for refusal in refusals if refusal is not None))


def refuse_other_databases(workspace: Workspace, models: Iterable[str]) -> None:
    """Raises ProjectError for those outside the target's database, where the ledger stands."""
    target = workspace.loaded.target.database
    found: dict[str, Diagnostic] = {}
    for name in models:
        model = workspace.models[name]
        if model.relation.database.casefold() != target.casefold():
            found[name] = Diagnostic(
                code="OTHER_DATABASE",
                message=f"`{model.name}` would be written to the database "
                f"`{model.relation.database}`, but its record to `{target}`",
                span=model.config.span("database") or SourceSpan(file=model.file, line=1),
                model=model.name,
                fix=f"leave out `database`, or choose a target whose database is "
                f"`{model.relation.database}`: rows and record commit together",
            )
    if found:
        raise ProjectError(*found.values())


def refuse_broken_sources(workspace: Workspace, models: Collection[str]) -> None:
    """Raises ProjectError if one of `models` reads a source that cannot be read."""
    problems = source_problems(workspace, models)
    if problems:
        raise ProjectError(*problems)


def source_problems(workspace: Workspace, models: Collection[str]) -> list[Diagnostic]:
    """Why sources that `models` read cannot be read, as errors."""
    wanted = set(models)
    return [
        schema.problem
        for name, schema in workspace.schemas.items()
        if schema.problem and wanted & _readers(workspace, name)
    ]


def _readers(workspace: Workspace, source: str) -> set[str]:
    """The models that read `source`, through ephemeral ones too."""
    found: set[str] = set()
    pending = list(workspace.graph.source_readers[source])
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if workspace.is_ephemeral(name):
                pending.extend(workspace.graph.readers[name])
    return found


def _warnings(
    workspace: Workspace, selected: candidate_types.PlanRequest
) -> tuple[Diagnostic, ...]:
    """What reading the project warned of, as far as it concerns the selected models."""
    return tuple(
        warning
        for warning in workspace.warnings
        if warning.model is None or warning.model in selected.selected
    )
