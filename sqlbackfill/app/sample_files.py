"""The files of a sample: what each holds, as a query, and about how much is read for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from glob import glob
from typing import Final

from sqlbackfill.app.sample_windows import SourceNeed
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import Bound, BoundType, print_bound
from sqlbackfill.run.literals import literal
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Column, Relation, Session

_WHOLE: Final = "all"


@dataclass(frozen=True, slots=True)
class RowLimit:
    """At most so many rows of each file, chosen by `seed`; None for all of them."""

    rows: int | None = None
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


def sample_files(
    workspace: Workspace, needs: Mapping[str, SourceNeed], limit: RowLimit
) -> list[SampleFile]:
    """One file for each range of each source that is needed, in the order of their names."""
    found = []
    for name, need in needs.items():
        columns = workspace.schemas[name].columns or ()
        column = next((c for c in columns if c.name.lower() == (need.column or "").lower()), None)
        if need.is_whole or column is None or need.type is None:
            found.append(_file(workspace, name, _WHOLE, None, limit))
            continue
        for number, (lo, hi) in enumerate(need.ranges()):
            where = _condition(workspace, column.name, need.type, lo, hi)
            if need.nulls and not number:
                quoted = workspace.loaded.adapter.quote_name(column.name)
                where = f"({where}) OR {quoted} IS NULL"
            label = f"{_named(lo, need.type)}_{_named(hi, need.type)}"
            found.append(_file(workspace, name, label, where, limit))
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
    workspace: Workspace, source: str, label: str, where: str | None, limit: RowLimit
) -> SampleFile:
    adapter = workspace.loaded.adapter
    relation = _relation(workspace, source)
    table = relation.sql if isinstance(relation, ExternalRelation) else adapter.quote(relation)
    query = f"SELECT * FROM {table}" + (f" WHERE {where}" if where else "")
    if limit.rows is not None:
        # By a hash of their content, so that the same rows come every time, from anywhere.
        columns = workspace.schemas[source].columns or ()
        names = ", ".join(adapter.quote_name(column.name) for column in columns)
        query += f" ORDER BY HASH({names}, {limit.seed}) LIMIT {limit.rows}"
    return SampleFile(source=source, label=label, query=query)


def _relation(workspace: Workspace, source: str) -> Relation | ExternalRelation:
    loaded = workspace.loaded
    return source_relation(loaded.project.sources[source], loaded.project.root)


def most_bytes(workspace: Workspace, session: Session, source: str) -> int | None:
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
