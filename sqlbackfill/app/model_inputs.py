"""The inputs of every model as its records name them: direct ones, and what views hand through."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.app.read_edges import direct_edges
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.digests import column_set_id
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.versions import InputEdge, window_id
from sqlbackfill.project.config import OnChange


def model_inputs(workspace: Workspace, reads: Reads) -> dict[str, tuple[InputEdge, ...]]:
    """By model, in topological order; each input's edges by name.

    A view holds no rows: who reads it reads all that it reads, and it is never stale for them.
    Inputs whose changes are ignored are left out.
    """
    found: dict[str, dict[str, InputEdge]] = {}
    for model in workspace.partitionings:
        edges = _direct(workspace, reads, model)
        for upstream in [name for name in edges if workspace.is_view(name)]:
            for name, edge in found.get(upstream, {}).items():
                edges[name] = _through(workspace, model, edges[upstream], edge)
        found[model] = edges
    return {model: tuple(edges[name] for name in sorted(edges)) for model, edges in found.items()}


def judged_inputs(
    workspace: Workspace, inputs: Mapping[str, tuple[InputEdge, ...]]
) -> dict[str, tuple[InputEdge, ...]]:
    """Those inputs whose changes make a model stale, held ones last.

    None for a view, which is always current, and none that only partitions to come shall use.
    """
    return {
        model: ()
        if workspace.is_view(model)
        else tuple(
            sorted(
                (e for e in edges if _on_change(workspace, model, e.name) is not OnChange.FORWARD),
                key=lambda edge: edge.is_held,
            )
        )
        for model, edges in inputs.items()
    }


def _direct(workspace: Workspace, reads: Reads, model: str) -> dict[str, InputEdge]:
    edges: dict[str, InputEdge] = {}
    facts = workspace.facts.get(model)
    windows = {edge.upstream: edge.window for edge in direct_edges(workspace, model)}
    if facts is not None:
        own = workspace.models[model].relation
        for table in facts.hard_coded:
            source = workspace.undeclared.get(table.name)
            if source is not None and source.relation != own:
                windows.setdefault(table.name, None)
        sources = workspace.loaded.project.sources
        windows |= {r.relation: r.window for r in facts.reads if r.relation in sources}
    for name, window in windows.items():
        if _on_change(workspace, model, name) is OnChange.IGNORE:
            continue
        edges[name] = InputEdge(
            name,
            columns=column_set_id(workspace.columns_of(model, name)),
            window=window_id(window),
            is_source=workspace.source(name) is not None and name not in reads.edges,
            is_held=_is_held(workspace, model, name, is_whole=window is None),
        )
    return edges


def _through(workspace: Workspace, model: str, view: InputEdge, edge: InputEdge) -> InputEdge:
    """How `model` reads what `edge` says its input `view` reads: whole, unless it is known how."""
    read = None
    if workspace.is_seen_through(model, edge.name):
        read = workspace.read_of(model, edge.name)
    is_whole = read is None or read.window is None
    is_held = view.is_held
    if not workspace.is_view(edge.name):
        is_asked = _on_change(workspace, model, view.name) is OnChange.RESTATE
        is_held = not is_asked and _is_held(workspace, model, edge.name, is_whole=is_whole)
    return replace(
        edge,
        columns=column_set_id(workspace.columns_of(model, edge.name) if read else None),
        window=window_id(read.window if read else None),
        through_view=read is None,
        is_held=is_held,
    )


def _is_held(workspace: Workspace, model: str, name: str, *, is_whole: bool) -> bool:
    """Whether a change would make all of history stale and nobody said that it shall.

    A table without partitions is rebuilt whole anyway.
    """
    reader = workspace.partitionings[model]
    is_asked = _on_change(workspace, model, name) is OnChange.RESTATE
    return is_whole and not is_asked and not isinstance(reader, WholePartitioning) and name != model


def _on_change(workspace: Workspace, model: str, name: str) -> OnChange | None:
    """The model's word for this input, else the source's own."""
    own = workspace.models[model].config.sqlbackfill.on_change
    if name in own:
        return own[name]
    source = workspace.loaded.project.sources.get(name)
    return source.on_change if source is not None else None
