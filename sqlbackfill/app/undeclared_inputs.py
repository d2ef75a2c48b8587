"""What models read without `ref()` or `source()`: found in the warehouse, so that it has versions too.

A table, view or file that SQL names itself, or a call in FROM. It gets no predicate, so it is read, and
compared, whole. What is not found has no version: who reads it can never be known to be fresh.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlbackfill.app.sources import SourceSchema
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.project.source import Source
from sqlbackfill.query.facts import HardCodedTable
from sqlbackfill.warehouse.protocol import Column, Relation, Session, TableInfo

_REMOTE = "://"
_FILE = re.compile(
    r"[/\\\\]|\.(?:parquet|csv|tsv|json|jsonl|ndjson)(?:\.gz|\.zst)?$", re.IGNORECASE
)


def with_undeclared_inputs(workspace: Workspace, session: Session) -> Workspace:
    """`workspace` with a source for each of them. Reads the catalogue, and only where there are any."""
    named = {
        table.name: table
        for facts in workspace.facts.values()
        for table in facts.hard_coded
        if table.name not in workspace.partitionings
        and table.name not in workspace.loaded.project.sources
    }
    if not named:
        return workspace
    candidates = {name: _candidates(workspace, table) for name, table in named.items()}
    tables = _tables([each for found in candidates.values() for each in found], session)
    sources: dict[str, Source] = {}
    schemas: dict[str, SourceSchema] = {}
    for name, table in sorted(named.items()):
        found = [each for each in candidates[name] if each in tables]
        if len(found) == 1:
            sources[name] = Source(name=name, relation=found[0])
            schemas[name] = SourceSchema(tables[found[0]].columns)
        else:
            text = _text(workspace, table)
            sources[name] = Source(name=name, relation=None, external_location=text)
            schemas[name] = SourceSchema(_columns(text, session))
    return replace(workspace, undeclared=sources, schemas={**workspace.schemas, **schemas})


def _candidates(workspace: Workspace, table: HardCodedTable) -> Sequence[Relation]:
    """The tables that a qualified name may mean. What one without a schema means, the engine knows."""
    match table.parts:
        case (database, schema, identifier):
            return (Relation(database, schema, identifier),)
        case (first, identifier):
            of_schema = Relation(workspace.loaded.target.database, first, identifier)
            if workspace.loaded.adapter.name != "duckdb":
                return (of_schema,)
            return of_schema, Relation(first, "main", identifier)
        case _:
            return ()


def _tables(relations: Sequence[Relation], session: Session) -> Mapping[Relation, TableInfo]:
    with contextlib.suppress(SqlbackfillError):  # of a database that is not there, say
        return session.tables(relations)
    return {}


def _text(workspace: Workspace, table: HardCodedTable) -> str:
    """What stands after FROM, as a location that is taken as it is."""
    if not table.parts:
        return table.name
    if len(table.parts) == 1 and _FILE.search(table.parts[0]):
        # Engines read such a path from where the process stands, not from the project.
        path = Path(table.parts[0]).absolute().as_posix().replace("'", "''")
        return f"'{path}'" if _REMOTE not in table.parts[0] else f"'{table.parts[0]}'"
    return ".".join(map(workspace.loaded.adapter.quote_name, table.parts))


def _columns(text: str, session: Session) -> tuple[Column, ...] | None:
    """None where it cannot be read by itself, or lies on another machine: that is not looked at."""
    if _REMOTE in text:
        return None
    with contextlib.suppress(SqlbackfillError):
        return session.describe(f"select * from {text}")
    return None
