"""The `stats export` use case, and reading what it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.json_files import UnreadableFileError, read_document, wrong_content
from sqlbackfill.app.options import Options
from sqlbackfill.app.source_stamps import local_files
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic, Severity, UsageError
from sqlbackfill.plan.estimate_statistics import (
    SCHEMA_VERSION,
    Statistics,
    TableStatistics,
    read_statistics,
    statistics_text,
)
from sqlbackfill.warehouse.protocol import Column, Relation, Session
from sqlbackfill.warehouse.sizes import ZoneMap


def export_statistics(options: Options) -> tuple[str, tuple[Diagnostic, ...]]:
    """The statistics file of every source that is read and every table that is built, and warnings.

    Reads metadata, never a row.
    """
    workspace = open_workspace(options)
    adapter = workspace.loaded.adapter
    warnings: list[Diagnostic] = []
    tables: dict[str, TableStatistics] = {}
    session = adapter.session(read_only=True)
    try:
        for name, source, columns in _stored(workspace, session):
            bounded = _bounded(workspace, name)
            zones = adapter.zones(session, source, columns, bounded=bounded)
            if zones is None:
                warnings.append(_unknown(name))
                continue
            tables[name] = TableStatistics(
                name=name, columns=columns, zones=_public(zones, bounded)
            )
        warnings += [_unknown(n) for n in sorted(_sources(workspace) - tables.keys())]
    finally:
        session.close()
        adapter.close()
    found = Statistics(engine=workspace.loaded.target.type, tables=tables)
    return statistics_text(found), tuple(dict.fromkeys(warnings))


def open_statistics(file: Path) -> Statistics:
    """The statistics that `file` holds. Raises UsageError INVALID_STATISTICS."""
    try:
        document = read_document(file, schema_version=SCHEMA_VERSION)
        try:
            return read_statistics(document)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise wrong_content(error) from None
    except UnreadableFileError as why:
        raise UsageError(
            Diagnostic(
                code="INVALID_STATISTICS",
                message=f"`{file}` does not hold statistics: {why}",
                fix="write them with `sqlbackfill stats export -o FILE`",
            )
        ) from None


def _sources(workspace: Workspace) -> frozenset[str]:
    readers = workspace.graph.source_readers
    return frozenset(name for name in readers if readers[name])


def _stored(
    workspace: Workspace, session: Session
) -> Iterator[tuple[str, Relation | list[str], tuple[Column, ...]]]:
    """What is there of sources and tables: its name, its place, its columns."""
    project = workspace.loaded.project
    for name in sorted(_sources(workspace)):
        columns = workspace.schemas[name].columns if name in workspace.schemas else None
        found = source_relation(project.sources[name], project.root)
        files = local_files(found)
        if columns is not None and isinstance(found, Relation):
            yield name, found, columns
        elif columns is not None and files:
            yield name, [str(file) for file in files], columns
    names = {name: workspace.models[name].relation for name in sorted(workspace.partitionings)}
    tables = session.tables(list(names.values()))
    for name, relation in names.items():
        if relation in tables:
            yield name, relation, tables[relation].columns


def _bounded(workspace: Workspace, name: str) -> frozenset[str]:
    """The columns by which a table is cut or its readers bound it: only their bounds are told."""
    found: set[str] = set()
    model = workspace.models.get(name)
    source = workspace.loaded.project.sources.get(name)
    own = model.partition_column if model is not None else source.event_time if source else None
    if own:
        found.add(own.lower())
    for facts in workspace.facts.values():
        for occurrence in facts.occurrences:
            if occurrence.relation == name:
                found.update(one.column.lower() for one in occurrence.ranges)
    return frozenset(found)


def _public(zones: ZoneMap, bounded: frozenset[str]) -> ZoneMap:
    """`zones` without the bounds of other columns, which are values of data."""
    return replace(
        zones,
        zones=tuple(
            replace(
                zone,
                bounds={name: ends for name, ends in zone.bounds.items() if name in bounded},
                blocks={},
            )
            for zone in zones.zones
        ),
    )


def _unknown(name: str) -> Diagnostic:
    return Diagnostic(
        code="NO_STATISTICS",
        severity=Severity.WARNING,
        message=f"how `{name}` is stored is not known, so it is left out",
        fix="an estimate that needs it will not be known",
    )
