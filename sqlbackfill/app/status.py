"""The `status` use case: what is built, missing, stale, untracked, failed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.cause_words import VOID, in_words
from sqlbackfill.app.ledger_notes import Unclaimed, notes, unclaimed
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import source_problems
from sqlbackfill.app.planning import Prepared, prepare
from sqlbackfill.app.run import runs_directory
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, Severity, UsageError, WarehouseError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.resolution import Outcome, StateSets
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.terms import Spec, parse_spec
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.candidates import Candidate
from sqlbackfill.plan.states import ModelState, StaleCause
from sqlbackfill.project.selectors import select as select_models
from sqlbackfill.run.runfile import RunFile, read_run_files, running


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRange:
    """Consecutive partitions of one state; `bounds` is start and end, or a key, as in JSON.

    `label` names them as -p does; it is empty for a table without partitions.
    """

    bounds: dict[str, Any]
    label: str
    state: str
    failed: bool
    reason: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            **self.bounds,
            "state": self.state,
            "failed": self.failed,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """Counts of partitions, and the same as ranges."""

    model: str
    built: int
    missing: int
    untracked: int
    stale: int
    failed: int
    ranges: tuple[StatusRange, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "built": self.built,
            "missing": self.missing,
            "untracked": self.untracked,
            "stale": self.stale,
            "failed": self.failed,
            "ranges": [item.as_json() for item in self.ranges],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`running` is the run under way that keeps the ledger locked; then `models` is empty.

    `unclaimed` are tables with records that no model builds.
    """

    models: tuple[ModelStatus, ...]
    warnings: tuple[Diagnostic, ...] = ()
    running: RunFile | None = None
    unclaimed: tuple[Unclaimed, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The `status` document of the contract."""
        document: dict[str, Any] = {
            "schema_version": 1,
            "models": [model.as_json() for model in self.models],
        }
        if self.unclaimed:
            document["unclaimed"] = [each.as_json() for each in self.unclaimed]
        if self.running is not None:
            document["running"] = self.running.as_json()
        return document


def status(
    options: Options,
    select: Sequence[str],
    exclude: Sequence[str],
    partitions: Sequence[str],
) -> Status:
    """The states of the selected models' partitions, up to now.

    While a run holds a DuckDB file nobody else can read it: then its progress is returned instead.
    """
    spec = parse_spec(partitions) if partitions else None
    try:
        workspace = open_workspace(options)
        session = workspace.loaded.adapter.session(read_only=True)
    except WarehouseError as error:
        return _while_locked(options, error)
    try:
        prepared = prepare(workspace, session)
        orphans = unclaimed(prepared, session)
    except WarehouseError as error:
        return _while_locked(options, error)
    finally:
        session.close()
        workspace.loaded.adapter.close()
    names = select_models(workspace.graph, select, exclude).models
    models = [
        _model_status(prepared, candidate, spec)
        for name, candidate in prepared.candidates.items()
        if name in names
    ]
    return Status(
        models=tuple(models),
        unclaimed=orphans,
        warnings=(
            *notes(prepared, orphans, names),
            *(w for w in workspace.warnings if w.model is None or w.model in names),
            # What reads a source that cannot be described shows as changed: say why.
            *(replace(p, severity=Severity.WARNING) for p in source_problems(workspace, names)),
        ),
    )


def _while_locked(options: Options, error: WarehouseError) -> Status:
    if error.diagnostics[0].code != "DATABASE_LOCKED":
        raise error
    under_way = running(read_run_files(runs_directory(options.project_dir)))
    if under_way is None:
        raise error
    note = Diagnostic(
        code="RUN_UNDER_WAY",
        severity=Severity.WARNING,
        message=f"run {under_way.run_id} holds the database, so only its own progress is shown",
        fix="wait for it, or stop it with `sqlbackfill cancel`",
    )
    return Status(models=(), warnings=(note,), running=under_way)


def _model_status(prepared: Prepared, candidate: Candidate, spec: Spec | None) -> ModelStatus:
    state = candidate.state
    within = _within(prepared, candidate, spec)
    counted = {
        name: partitions if within is None else partitions & within
        for name, partitions in (
            ("built", state.built),
            ("missing", state.missing),
            ("untracked", state.untracked),
            ("stale", state.stale),
        )
    }
    failed = state.failed if within is None else state.failed & within
    void = prepared.state.tracked[candidate.name].void_code
    return ModelStatus(
        model=candidate.name,
        built=len(counted["built"]),
        missing=len(counted["missing"]),
        untracked=len(counted["untracked"]),
        stale=len(counted["stale"]),
        failed=len(failed),
        ranges=tuple(_ranges(candidate.partitioning, state, counted, failed, void)),
    )


def _within(prepared: Prepared, candidate: Candidate, spec: Spec | None) -> PartitionSet | None:
    partitioning = candidate.partitioning
    if spec is None or isinstance(partitioning, WholePartitioning):
        return None
    state = candidate.state
    found = resolve(
        spec,
        partitioning,
        as_of=prepared.workspace.loaded.as_of,
        states=lambda: StateSets(missing=state.missing, stale=state.stale, failed=state.failed),
        read_end=candidate.due_end,
    )
    if found.outcome is not Outcome.OK:
        if found.diagnostic is not None:
            raise UsageError(found.diagnostic.for_model(candidate.name))
        return PartitionSet.empty()
    return found.chosen


def _ranges(
    partitioning: AnyPartitioning,
    state: ModelState,
    counted: dict[str, PartitionSet],
    failed: PartitionSet,
    void: str | None,
) -> Iterator[StatusRange]:
    pieces: list[tuple[tuple[int, int], str, bool, str | None]] = []
    for name, partitions in counted.items():
        causes = _causes(name, partitions, state.causes, void)
        for reason, part in causes:
            for is_failed, piece in ((True, part & failed), (False, part - failed)):
                pieces.extend((span, name, is_failed, reason) for span in piece.ranges)
    for span, name, is_failed, reason in sorted(pieces, key=lambda piece: piece[0]):
        for bounds, label in range_bounds(partitioning, span):
            yield StatusRange(
                bounds=bounds, label=label, state=name, failed=is_failed, reason=reason
            )


def range_bounds(
    partitioning: AnyPartitioning, span: tuple[int, int]
) -> list[tuple[dict[str, Any], str]]:
    """What JSON and -p call the partitions of `span`: one range, or each key by itself."""
    if isinstance(partitioning, WholePartitioning):
        return [({"start": None, "end": None}, "")]
    partitions = PartitionSet.span(*span)
    ranges = [dict(item) for item in partitioning.json_ranges(partitions)]
    if len(ranges) == 1:
        return [(ranges[0], partitioning.label_set(partitions))]
    labels = [partitioning.label(ordinal) for ordinal in partitions.ordinals()]
    return list(zip(ranges, labels, strict=True))


def _causes(
    name: str, partitions: PartitionSet, causes: Sequence[StaleCause], void: str | None
) -> list[tuple[str | None, PartitionSet]]:
    if name == "stale":
        return [(in_words(cause), cause.partitions & partitions) for cause in causes]
    if void is not None and name in ("missing", "untracked"):
        return [(VOID[void], partitions)]
    return [(None, partitions)]
