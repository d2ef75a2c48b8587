"""The `verify` use case: runs a model's strategies side by side and compares the rows.

Everything happens in temporary tables and is rolled back; neither the project's tables nor the
ledger is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import refuse_broken_sources
from sqlbackfill.app.planning import Prepared, prepare
from sqlbackfill.app.side_by_side import SideBySide
from sqlbackfill.app.verification import Verification
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, ProjectError, Severity, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.resolution import Outcome, StateSets
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.selectors import select as select_models


def verify(options: Options, model: str, partitions: Sequence[str]) -> Verification:
    """Compares what each allowed strategy gives for `partitions` of `model` with the reference.

    That is the query over all of history with no predicate of ours, filtered to the partitions; for
    a model with bounds of its own, or that reads itself, it runs one partition at a time. Raises
    UsageError, ProjectError (also UPSTREAM_MISSING, with the command that builds it) and
    WarehouseError.
    """
    workspace = open_workspace(options)
    try:
        name, partitioning = _model(workspace, model)
        refuse_broken_sources(workspace, {name})
        session = workspace.loaded.adapter.session(read_only=True)
        try:
            prepared = prepare(workspace, session)
            wanted, warnings = _partitions(prepared, name, partitioning, partitions)
            _refuse_missing(prepared, name, wanted)
            warnings = (*warnings, *_warnings(prepared, name))
            found = SideBySide(prepared, session, name, partitioning, wanted).run()
        finally:
            session.close()
    finally:
        workspace.loaded.adapter.close()
    return replace(found, warnings=warnings)


def _model(workspace: Workspace, text: str) -> tuple[str, Partitioning]:
    names = sorted(select_models(workspace.graph, (text,), ()).models)
    if len(names) != 1:
        raise _usage(
            "VERIFY_ONE_MODEL",
            f"`{text}` names {len(names)} models, and verify compares one",
            f"name one of {', '.join(names)}" if names else "name a model",
        )
    [name] = names
    config = workspace.models[name].config
    refusal = config.refusal or config.unsupported
    render = workspace.renders.get(name)
    if refusal is None and render is not None:
        refusal = render.needs_warehouse
    if refusal is not None:
        raise ProjectError(refusal.for_model(name))
    partitioning = workspace.partitionings.get(name)
    if partitioning is None or isinstance(partitioning, WholePartitioning):
        raise _usage(
            "NOT_PARTITIONED",
            f"`{name}` has no partitions, so there is only one way to run it",
            "name a model with materialized: incremental",
        )
    adapter = workspace.loaded.adapter
    if adapter.name != "duckdb":
        raise _usage(
            "VERIFY_NEEDS_DUCKDB",
            f"verify runs on DuckDB, and the target is of type {adapter.name}",
            "choose a duckdb target with --target",
        )
    return name, partitioning


def _usage(code: str, message: str, fix: str) -> UsageError:
    return UsageError(Diagnostic(code=code, message=message, fix=fix))


def _partitions(
    prepared: Prepared, name: str, partitioning: Partitioning, texts: Sequence[str]
) -> tuple[PartitionSet, tuple[Diagnostic, ...]]:
    if not texts:
        raise _usage(
            "VERIFY_NEEDS_PARTITIONS",
            "verify compares the partitions that it is given, and was given none",
            f"add -p, as in `sqlbackfill verify {name} -p last:7`",
        )
    loaded, state = prepared.workspace.loaded, prepared.candidates[name].state
    resolution = resolve(
        parse_spec(texts),
        partitioning,
        as_of=loaded.as_of,
        states=lambda: StateSets(missing=state.missing, stale=state.stale, failed=state.failed),
        read_end=prepared.candidates[name].due_end,
    )
    chosen = resolution.chosen
    if resolution.outcome is not Outcome.OK or not chosen:
        found = resolution.diagnostic or Diagnostic(
            code="OUT_OF_RANGE",
            message=f"`{','.join(texts)}` names no partition of `{name}`",
            fix=f"valid for `{name}`: {resolution.valid}",
        )
        raise UsageError(found.for_model(name))
    return chosen, tuple(warning.for_model(name) for warning in resolution.warnings)


def _refuse_missing(prepared: Prepared, name: str, wanted: PartitionSet) -> None:
    """Raises ProjectError for every upstream, the own past included, that is not built."""
    missing = []
    for upstream, read in prepared.reads.upstream(name, wanted).items():
        candidate = prepared.candidates[upstream]
        holes = candidate.holes_in(read)
        if upstream == name:
            holes -= wanted
        if not holes:
            continue
        label = candidate.partitioning.label_set(holes)
        dates = "" if candidate.is_whole else f" -p {label}"
        whose = "its own table" if upstream == name else f"`{upstream}`"
        missing.append(
            Diagnostic(
                code="UPSTREAM_MISSING",
                message=f"`{name}` reads {label} of {whose}, which is not built",
                model=name,
                fix=f"sqlbackfill run -s {upstream}{dates} --missing-upstream build",
            )
        )
    if missing:
        raise ProjectError(*missing)


def _warnings(prepared: Prepared, name: str) -> Iterator[Diagnostic]:
    """What was said of the model, and that the comparison sees no more of history than there is."""
    yield from (w for w in prepared.workspace.warnings if w.model == name)
    for edge in prepared.reads.edges[name]:
        candidate = prepared.candidates[edge.upstream]
        everything = prepared.reads.horizons[edge.upstream].partitions
        holes = candidate.holes_in(everything)
        if holes and edge.upstream != name:
            yield Diagnostic(
                code="VERIFY_PART_OF_HISTORY",
                message=f"`{edge.upstream}` holds {len(everything) - len(holes):,} of "
                f"{len(everything):,} partitions, and nothing is compared with what is not there",
                severity=Severity.WARNING,
                model=name,
                fix=f"sqlbackfill run -s {edge.upstream} -p missing",
            )
