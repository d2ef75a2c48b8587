"""The `sample` use case: partitions of the sources as Parquet files, and a target that reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlbackfill.app.analysis import analyse_project
from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.app.sample_files import RowLimit, SampleFile, most_bytes, sample_files
from sqlbackfill.app.sample_folder import SampleFolder, SampleProfile
from sqlbackfill.app.sample_windows import SourceNeed, source_needs
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.errors import Diagnostic, GuardError, ProjectError, Severity, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.resolution import Outcome
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.terms import Spec, parse_spec
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.selectors import select as select_models
from sqlbackfill.warehouse.protocol import Session

ASKS_ABOVE_BYTES: Final = 1_000_000_000
"""Above a gigabyte, or where nothing tells how much it is, the sample needs a yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """The words of the command line. `limit` caps the rows of each file, chosen by `seed`."""

    output: Path
    partitions: Sequence[str]
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a sample takes. `source_bytes` are upper bounds by source, None where nothing tells."""

    files: tuple[SampleFile, ...]
    source_bytes: Mapping[str, int | None]
    output: Path
    next: str
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def scan_bytes(self) -> int | None:
        """At most so much is read; None where that of one source is not known."""
        known = [size for size in self.source_bytes.values() if size is not None]
        return sum(known) if len(known) == len(self.source_bytes) else None

    @property
    def needs_yes(self) -> bool:
        return self.scan_bytes is None or self.scan_bytes > ASKS_ABOVE_BYTES

    def as_json(self) -> dict[str, Any]:
        """The `sample` document of the contract."""
        return {
            "schema_version": 1,
            "output": str(self.output),
            "target": "sample",
            "files": [
                {"source": one.source, "file": one.path, "rows": one.rows} for one in self.files
            ],
            "scan_bytes": self.scan_bytes,
            "next": self.next,
        }


def sample(options: Options, request: SampleRequest, confirm: Callable[[Sample], bool]) -> Sample:
    """Writes what `request` names; `confirm` is shown what will be read, before anything is.

    Raises UsageError, ProjectError (a source that is not there), GuardError NOT_CONFIRMED, and
    WarehouseError. Files are replaced one by one, each whole; what the target reads changes last.
    """
    spec = parse_spec(request.partitions)
    folder = SampleFolder.opened(request.output)
    limit = RowLimit(request.limit, request.seed)
    loaded = load(options)
    try:
        workspace = analyse_project(loaded)
        wanted, warnings = _wanted(workspace, spec, request)
        needs = source_needs(workspace, wanted)
        _refuse_broken(workspace, needs)
        session = loaded.adapter.session(read_only=True)
        try:
            planned = Sample(
                files=tuple(sample_files(workspace, needs, limit)),
                source_bytes={name: most_bytes(workspace, session, name) for name in needs},
                output=request.output,
                next=_next(request),
                warnings=(
                    *warnings,
                    *_whole(workspace, needs, request),
                    *_own_pasts(workspace, wanted),
                ),
            )
            if not confirm(planned):
                raise GuardError(
                    Diagnostic(
                        code="NOT_CONFIRMED",
                        message="nothing was done: the sample was not confirmed",
                        fix="answer y, or add --yes",
                    )
                )
            return _written(workspace, session, folder, planned)
        finally:
            session.close()
    finally:
        loaded.adapter.close()


def _wanted(
    workspace: Workspace, spec: Spec, request: SampleRequest
) -> tuple[dict[str, PartitionSet], tuple[Diagnostic, ...]]:
    """The partitions of each selected model; views hold none. Raises UsageError where there are none."""
    names = select_models(workspace.graph, request.select, request.exclude).models
    found: dict[str, PartitionSet] = {}
    warnings: list[Diagnostic] = []
    first: Diagnostic | None = None
    for name in sorted(names & workspace.partitionings.keys()):
        partitioning = workspace.partitionings[name]
        if isinstance(partitioning, WholePartitioning):
            if not workspace.is_view(name):
                found[name] = PartitionSet.single(0)
            continue
        try:
            resolution = resolve(spec, partitioning, as_of=workspace.loaded.as_of)
        except ValueError:
            raise _usage(
                "SAMPLE_BY_STATE",
                "a sample does not ask what is built, so it cannot choose partitions by state",
                "name dates, or last:N",
            ) from None
        warnings += (one.for_model(name) for one in resolution.warnings)
        if resolution.outcome is Outcome.OK and resolution.chosen:
            found[name] = resolution.chosen
        elif resolution.diagnostic is not None:
            first = first or resolution.diagnostic.for_model(name)
    if not found:
        raise (
            UsageError(first)
            if first
            else _usage(
                "UNKNOWN_SELECTION",
                "no model with rows of its own is selected",
                "select a model that is built",
            )
        )
    return found, tuple(warnings)


def _refuse_broken(workspace: Workspace, needs: Mapping[str, SourceNeed]) -> None:
    problems = [
        schema.problem
        for name, schema in workspace.schemas.items()
        if name in needs and schema.problem is not None
    ]
    if problems:
        raise ProjectError(*problems)
    if not needs:
        raise _usage(
            "SAMPLE_NEEDS_NO_SOURCE",
            "the selected models read no source, so there is nothing to sample",
            "select models that read sources, or nothing for all of them",
        )


def _whole(
    workspace: Workspace, needs: Mapping[str, SourceNeed], request: SampleRequest
) -> list[Diagnostic]:
    """What is taken whole although it has partitions, and for whom."""
    return [
        Diagnostic(
            code="SAMPLE_WHOLE",
            message=f"source `{name}` is taken whole: `{need.whole_for}` may read all of it",
            severity=Severity.WARNING,
            fix=f"leave that out with --exclude {need.whole_for}, or set --limit",
        )
        for name, need in needs.items()
        if need.is_whole
        and request.limit is None
        and workspace.loaded.project.sources[name].event_time is not None
    ]


def _own_pasts(workspace: Workspace, wanted: Mapping[str, PartitionSet]) -> list[Diagnostic]:
    """The models whose own past no sample holds: what they have summed up so far begins anew."""
    pending, above = list(wanted), set(wanted)
    while pending:
        more = set(workspace.graph.refs[pending.pop()]) - above
        above |= more
        pending.extend(more)
    return [
        Diagnostic(
            code="SAMPLE_OWN_PAST",
            message=f"`{name}` reads its own past, which a sample does not hold: there it begins anew",
            severity=Severity.WARNING,
            model=name,
            fix=f"leave it out with --exclude {name}, or expect other rows than production's",
        )
        for name in sorted(above)
        if name in workspace.facts and workspace.facts[name].reads_itself
    ]


def _written(
    workspace: Workspace, session: Session, folder: SampleFolder, planned: Sample
) -> Sample:
    folder.claim([one.path for one in planned.files])
    files = []
    for one in planned.files:
        with folder.replacing(one.path) as part:
            files.append(replace(one, rows=session.write_parquet(one.query, part)))
    empty = [one for one in files if not one.rows]
    if len(empty) == len(files):
        raise ProjectError(
            Diagnostic(
                code="SAMPLE_EMPTY",
                message=f"no source holds a row of {_ranges(files)}",
                fix="name partitions that the sources hold; the target was not written",
            )
        )
    target = workspace.loaded.target
    folder.finish(
        {name: [one.path for one in files if one.source == name] for name in planned.source_bytes},
        SampleProfile(
            profile=target.profile,
            schema=target.schema or "main",
            dialect=workspace.loaded.dialect,
            threads=target.threads,
        ),
    )
    warnings = tuple(
        Diagnostic(
            code="SAMPLE_NO_ROWS",
            message=f"source `{one.source}` holds no row of {one.label}",
            severity=Severity.WARNING,
            fix="look whether its data are there yet",
        )
        for one in empty
    )
    return replace(planned, files=tuple(files), warnings=warnings)


def _ranges(files: Sequence[SampleFile]) -> str:
    return ", ".join(dict.fromkeys(one.label for one in files))


def _next(request: SampleRequest) -> str:
    import shlex

    words = ["sqlbackfill", "run", "--profiles-dir", str(request.output), "--target", "sample"]
    for flag, values in (
        ("-s", request.select),
        ("--exclude", request.exclude),
        ("-p", request.partitions),
    ):
        words += [word for value in values for word in (flag, value)]
    return shlex.join([*words, "--missing-upstream", "build"])


def _usage(code: str, message: str, fix: str) -> UsageError:
    return UsageError(Diagnostic(code=code, message=message, fix=fix))
