"""The `lineage` use case: which tables and columns come from which."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from sqlbackfill.app.analysis import open_workspace
from sqlbackfill.app.options import Options
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError


@dataclass(frozen=True, slots=True)
class LineageNode:
    """`kind` is model, source, or table for one that the SQL names itself."""

    id: str
    kind: str


@dataclass(frozen=True, slots=True, order=True)
class LineageEdge:
    """`source` feeds `target`; the columns are None in lineage of tables."""

    source: str
    target: str
    source_column: str | None = None
    target_column: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.source,
            "to": self.target,
            "from_column": self.source_column,
            "to_column": self.target_column,
        }


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """Nodes in topological order, sources first."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]

    def as_json(self) -> dict[str, Any]:
        """The `lineage` document of the contract."""
        return {
            "schema_version": 1,
            "nodes": [{"id": node.id, "kind": node.kind} for node in self.nodes],
            "edges": [edge.as_json() for edge in self.edges],
        }


def lineage(options: Options, start: str | None, columns: bool) -> LineageGraph:
    """All lineage, or what the model (or `model.column`) called `start` comes from and goes to.

    Raises UsageError UNKNOWN_SELECTION for a name that the project does not have.
    """
    workspace = open_workspace(options)
    wants_columns = columns or (start is not None and _is_column(workspace, start))
    edges = _column_edges(workspace) if wants_columns else _table_edges(workspace)
    if start is not None:
        edges = _around(_start(workspace, start), edges)
    named = {end for edge in edges for end in (edge.source, edge.target)}
    if start is not None:
        named.add(_start(workspace, start)[0])
        nodes = [node for node in _nodes(workspace) if node.id in named]
    else:
        nodes = list(_nodes(workspace))
    return LineageGraph(tuple(nodes), tuple(edges))


def _nodes(workspace: Workspace) -> Iterable[LineageNode]:
    for name, readers in workspace.graph.source_readers.items():
        if readers:
            yield LineageNode(name, "source")
    tables = {table.name for facts in workspace.facts.values() for table in facts.hard_coded}
    for name in sorted(tables):
        yield LineageNode(name, "table")
    for name in workspace.models:
        yield LineageNode(name, "model")


def _table_edges(workspace: Workspace) -> list[LineageEdge]:
    edges: set[LineageEdge] = set()
    for name in workspace.models:
        facts = workspace.facts.get(name)
        for upstream in (*workspace.graph.refs[name], *workspace.graph.sources[name]):
            edges.add(LineageEdge(upstream, name))
        for table in facts.hard_coded if facts else ():
            edges.add(LineageEdge(table.name, name))
        if facts is not None and facts.reads_itself:
            edges.add(LineageEdge(name, name))
    return sorted(edges)


def _column_edges(workspace: Workspace) -> list[LineageEdge]:
    edges = {
        LineageEdge(relation, name, source, column.name)
        for name, facts in workspace.facts.items()
        for column in facts.columns
        for relation, source in column.sources
    }
    return sorted(
        edges, key=lambda e: (e.source, e.target, str(e.source_column), str(e.target_column))
    )


def _is_column(workspace: Workspace, start: str) -> bool:
    return start not in workspace.models and start not in workspace.graph.source_readers


def _start(workspace: Workspace, start: str) -> tuple[str, str | None]:
    if not _is_column(workspace, start):
        return start, None
    table, _, column = start.rpartition(".")
    facts = workspace.facts.get(table)
    if facts is not None and column.lower() in {c.name.lower() for c in facts.columns}:
        return table, next(c.name for c in facts.columns if c.name.lower() == column.lower())
    known = [*workspace.models, *workspace.graph.source_readers]
    if facts is not None:
        known = [f"{table}.{c.name}" for c in facts.columns]
    near = get_close_matches(start, known, n=1)
    raise UsageError(
        Diagnostic(
            code="UNKNOWN_SELECTION",
            message=f"there is no model, source or column `{start}`",
            fix=f"did you mean `{near[0]}`?" if near else "see `sqlbackfill ls`",
        )
    )


def _around(start: tuple[str, str | None], edges: list[LineageEdge]) -> list[LineageEdge]:
    """The edges on some way to or from `start`."""
    kept: set[LineageEdge] = set()
    for is_upward in (True, False):
        pending, seen = [start], {start}
        while pending:
            table, column = pending.pop()
            for edge in edges:
                here, there = _ends(edge, is_upward=is_upward)
                if here[0] != table or (column is not None and here[1] != column):
                    continue
                kept.add(edge)
                if there not in seen:
                    seen.add(there)
                    pending.append(there)
    return [edge for edge in edges if edge in kept]


def _ends(
    edge: LineageEdge, *, is_upward: bool
) -> tuple[tuple[str, str | None], tuple[str, str | None]]:
    source, target = (edge.source, edge.source_column), (edge.target, edge.target_column)
    return (target, source) if is_upward else (source, target)
