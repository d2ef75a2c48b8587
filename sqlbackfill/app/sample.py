"""The `sample` use case: partitions of the sources as Parquet files, and a target that reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path
from typing import Any, Final

from sqlbackfill.app.analysis import analyse_project
from sqlbackfill.app.loading import load
from sqlbackfill.app.options import Options
from sqlbackfill.app.sample_folder import SampleFolder, SampleProfile
from sqlbackfill.app.sample_windows import SourceNeed, source_needs
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import Diagnostic, GuardError, ProjectError, Severity, UsageError
from sqlbackfill.partitions.bounds import Bound, BoundType, print_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.resolution import Outcome
from sqlbackfill.partitions.spec import resolve
from sqlbackfill.partitions.terms import Spec, parse_spec
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.project.selectors import select as select_models
from sqlbackfill.run.literals import literal
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Column, Relation, Session

ASKS_ABOVE_BYTES: Final = 1_000_000_000
"""Above a gigabyte, or where nothing tells how much it is, the sample needs a yes."""
_WHOLE: Final = "all"


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
class SampleFile:
    """One file to be: `label` names the values that it holds, `rows` is None until it is written."""

    source: str
    label: str
    query: str
    rows: int | None = None

    @property
    def path(self) -> str:
        """Below the sample's folder."""
        return f"{self.source}/{self.label}.parquet"


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
    loaded = load(options)
    try:
        workspace = analyse_project(loaded)
        wanted, warnings = _wanted(workspace, spec, request)
        needs = source_needs(workspace, wanted)
        _refuse_broken(workspace, needs)
        session = loaded.adapter.session(read_only=True)
        try:
            planned = Sample(
                files=tuple(_files(workspace, needs, request)),
                source_bytes={name: _bytes(workspace, session, name) for name in needs},
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


def _files(
    workspace: Workspace, needs: Mapping[str, SourceNeed], request: SampleRequest
) -> list[SampleFile]:
    found = []
    for name, need in needs.items():
        columns = workspace.schemas[name].columns or ()
        column = next((c for c in columns if c.name.lower() == (need.column or "").lower()), None)
        if need.is_whole or column is None or need.type is None:
            found.append(_file(workspace, name, _WHOLE, None, request))
            continue
        for number, (lo, hi) in enumerate(need.ranges()):
            where = _condition(workspace, column.name, need.type, lo, hi)
            if need.nulls and not number:
                quoted = workspace.loaded.adapter.quote_name(column.name)
                where = f"({where}) OR {quoted} IS NULL"
            label = f"{_named(lo, need.type)}_{_named(hi, need.type)}"
            found.append(_file(workspace, name, label, where, request))
    return found


def _condition(workspace: Workspace, column: str, kind: BoundType, lo: Bound, hi: Bound) -> str:
    adapter = workspace.loaded.adapter
    quoted = adapter.quote_name(column)
    low, high = (literal(bound, kind, adapter.dialect) for bound in (lo, hi))
    return f"{quoted} >= {low} AND {quoted} < {high}"


def _named(bound: Bound, kind: BoundType) -> str:
    """A bound as a part of a file's name."""
    text = print_bound(bound, kind).replace("+00:00", "Z").replace(" 00:00:00", "")
    return re.sub(r"[^\w.+-]", "", re.sub(r":00(?=Z|$)", "", text).replace(" ", "T"))


def _file(
    workspace: Workspace, source: str, label: str, where: str | None, request: SampleRequest
) -> SampleFile:
    adapter = workspace.loaded.adapter
    relation = _relation(workspace, source)
    table = relation.sql if isinstance(relation, ExternalRelation) else adapter.quote(relation)
    query = f"SELECT * FROM {table}" + (f" WHERE {where}" if where else "")
    if request.limit is not None:
        # By a hash of their content, so that the same rows come every time, from anywhere.
        columns = workspace.schemas[source].columns or ()
        names = ", ".join(adapter.quote_name(column.name) for column in columns)
        query += f" ORDER BY HASH({names}, {request.seed}) LIMIT {request.limit}"
    return SampleFile(source=source, label=label, query=query)


def _relation(workspace: Workspace, source: str) -> Relation | ExternalRelation:
    loaded = workspace.loaded
    return source_relation(loaded.project.sources[source], loaded.project.root)


def _bytes(workspace: Workspace, session: Session, source: str) -> int | None:
    """At most so many bytes are read of the source; None where the engine cannot tell."""
    relation = _relation(workspace, source)
    columns: tuple[Column, ...] = workspace.schemas[source].columns or ()
    where: Relation | list[str]
    if isinstance(relation, ExternalRelation):
        if not relation.sql.startswith("'"):
            return None
        where = sorted(glob(relation.sql[1:-1].replace("''", "'")))  # noqa: PTH207 # as the engine takes it
        if not where:
            return None
    else:
        where = relation
    return workspace.loaded.adapter.scan_bytes(session, where, columns)


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
