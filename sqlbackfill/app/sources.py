"""What stands under the project's sources: their SQL, and their columns where they can be known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from sqlbackfill.app.cache import FactCache, digest
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, SqlbackfillError
from sqlbackfill.project.source import Source
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Adapter, Column, Relation, Session

_SQL = re.compile(r"^\s*(?:[\w.]+\s*\(|\")")
"""A call, or a quoted name: what stands after FROM as it is."""
_HAS_SCHEME = re.compile(r"^\w[\w+.-]*://")


@dataclass(frozen=True, slots=True)
class SourceSchema:
    """The columns of a source, None where they could not be read, and then why."""

    columns: tuple[Column, ...] | None
    problem: Diagnostic | None = None


def source_relation(source: Source, root: Path) -> Relation | ExternalRelation:
    """What a template prints for `source`; local paths become absolute, from the project directory."""
    if source.relation is not None:
        return source.relation
    location = source.external_location or ""
    name = source.name.rpartition(".")[2]
    if _SQL.match(location):
        return ExternalRelation(location, name)
    text = location.strip().strip("'")
    if not _HAS_SCHEME.match(text):
        text = (root / text).as_posix()
    quoted = text.replace("'", "''")
    return ExternalRelation(f"'{quoted}'", name)


def read_schemas(
    sources: Iterable[Source], root: Path, adapter: Adapter, cache: FactCache
) -> dict[str, SourceSchema]:
    """The columns of each of `sources`, by name. Never raises: what fails is said in `problem`.

    Local files are described once and then known by their size and time.
    """
    reader = _SchemaReader(adapter)
    schemas: dict[str, SourceSchema] = {}
    try:
        for source in sources:
            relation = source_relation(source, root)
            stamp = _file_stamp(relation)
            if stamp is None:
                schemas[source.name] = reader.read(source, relation)
                continue
            known = cache.get(
                digest("source", *stamp),
                SourceSchema,
                partial(reader.read, source, relation),
                keeps=lambda schema: schema.problem is None,
            )
            schemas[source.name] = known
    finally:
        reader.close()
    return schemas


class _SchemaReader:
    """Describes sources over one read-only session, opened at the first that needs it."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._session: Session | None = None

    def read(self, source: Source, relation: Relation | ExternalRelation) -> SourceSchema:
        try:
            if self._session is None:
                self._session = self._adapter.session(read_only=True)
            if isinstance(relation, ExternalRelation):
                return SourceSchema(self._session.describe(f"select * from {relation.sql}"))
            info = self._session.table(relation)
        except SqlbackfillError as error:
            return SourceSchema(None, _problem(source, error.diagnostics[0]))
        if info is None:
            return SourceSchema(None, _absent(source, relation))
        return SourceSchema(info.columns)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


def _problem(source: Source, found: Diagnostic) -> Diagnostic:
    return Diagnostic(
        code=found.code,
        message=f"source `{source.name}`: {found.message}",
        span=source.span,
        fix=found.fix,
    )


def _absent(source: Source, relation: Relation) -> Diagnostic:
    return Diagnostic(
        code="SOURCE_MISSING",
        message=f"source `{source.name}`: there is no table {relation}",
        span=source.span,
        fix="load it, or correct its database, schema or identifier in the yml",
    )


def _file_stamp(relation: Relation | ExternalRelation) -> tuple[str, ...] | None:
    """Path, size and time of a local file; None for what is not one readable local file."""
    if isinstance(relation, Relation) or not relation.sql.startswith("'"):
        return None
    path = relation.sql[1:-1].replace("''", "'")
    if _HAS_SCHEME.match(path) or any(sign in path for sign in "*?["):
        return None
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return path, str(stat.st_size), str(stat.st_mtime_ns)


def columns_by_name(columns: tuple[Column, ...] | None) -> Mapping[str, str] | None:
    """Column types by name, or None where the columns are not known."""
    return None if columns is None else {column.name: column.type for column in columns}
