"""Which built models a model reads, and how far around its own partitions."""

from __future__ import annotations

from collections.abc import Iterable

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.plan.reads import ReadEdge


def read_edges(workspace: Workspace, name: str) -> tuple[ReadEdge, ...]:
    """One edge for each, sorted by name; itself is among them where it reads itself.

    A view hands its inputs on: who reads it reads them too, whole unless it is known how.
    """
    found = {edge.upstream: edge for edge in direct_edges(workspace, name)}
    if workspace.is_view(name):
        return tuple(found.values())
    for upstream in _behind_views(workspace, name):
        read = None
        if workspace.is_seen_through(name, upstream):
            read = workspace.read_of(name, upstream)
        found[upstream] = ReadEdge(upstream, read.window if read else None)
    return tuple(found[upstream] for upstream in sorted(found))


def _behind_views(workspace: Workspace, name: str) -> Iterable[str]:
    """The built models that the views read which `name` reads, through one another."""
    pending, seen = list(_built_upstreams(workspace, name)), set[str]()
    while pending:
        view = pending.pop()
        if not workspace.is_view(view):
            continue
        for upstream in _built_upstreams(workspace, view):
            if upstream not in seen:
                seen.add(upstream)
                pending.append(upstream)
                yield upstream


def direct_edges(workspace: Workspace, name: str) -> tuple[ReadEdge, ...]:
    """Those of `name` itself, views among them, sorted by name."""
    facts = workspace.facts.get(name)
    if facts is None:
        return tuple(ReadEdge(upstream, None) for upstream in _built_upstreams(workspace, name))
    found: dict[str, ReadEdge] = {}
    for read in facts.reads:
        upstream = name if read.is_this else workspace.upstream_name(read.relation)
        if upstream is not None:
            found[upstream] = ReadEdge(upstream, read.window)
    for upstream in _built_upstreams(workspace, name):
        # A ref that the SQL does not show (in a comment, or dropped by the template) still orders.
        found.setdefault(upstream, ReadEdge(upstream, None))
    return tuple(found[upstream] for upstream in sorted(found))


def _built_upstreams(workspace: Workspace, name: str) -> Iterable[str]:
    """The models with relations of their own that `name` refers to, through ephemeral ones."""
    pending, seen = list(workspace.graph.refs[name]), set[str]()
    while pending:
        upstream = pending.pop()
        if upstream in seen:
            continue
        seen.add(upstream)
        if upstream in workspace.partitionings:
            yield upstream
        elif workspace.is_ephemeral(upstream):
            pending.extend(workspace.graph.refs[upstream])
