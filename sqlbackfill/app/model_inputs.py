"""The inputs of every model as its records name them: direct ones, and what views hand through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.versions import InputEdge, window_id
from sqlbackfill.project.config import Materialization


def model_inputs(workspace: Workspace, reads: Reads) -> dict[str, tuple[InputEdge, ...]]:
    """By model, in topological order; each input's edges by name.

    A view holds no rows: who reads it reads all that it reads, and it is never stale for them.
    """
    found: dict[str, dict[str, InputEdge]] = {}
    for model in workspace.partitionings:
        edges: dict[str, InputEdge] = {}
        for read in reads.edges[model]:
            edges[read.upstream] = InputEdge(read.upstream, window=window_id(read.window))
        for upstream in [name for name in edges if _is_view(workspace, name)]:
            for name, edge in found.get(upstream, {}).items():
                edges[name] = replace(edge, window=window_id(None), through_view=True)
        found[model] = edges
    return {model: tuple(edges[name] for name in sorted(edges)) for model, edges in found.items()}


def judged_inputs(
    workspace: Workspace, inputs: Mapping[str, tuple[InputEdge, ...]]
) -> dict[str, tuple[InputEdge, ...]]:
    """Those inputs whose changes make a model stale: none for a view, which is always current."""
    return {model: () if _is_view(workspace, model) else edges for model, edges in inputs.items()}


def _is_view(workspace: Workspace, name: str) -> bool:
    return workspace.models[name].config.materialized is Materialization.VIEW
