"""The `render` use case: the SQL that a run would execute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlbackfill.app.chunk_sql import ChunkRenderer
from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import PlanRequest, plan
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic
from sqlbackfill.plan.document import chunk_json


@dataclass(frozen=True, slots=True)
class RenderedChunk:
    """One query and what it writes: as JSON has it, and as -p does (empty for a whole table)."""

    bounds: dict[str, Any]
    label: str
    sql: str


@dataclass(frozen=True, slots=True)
class RenderedModel:
    """The queries of one model, in the order in which they would run."""

    model: str
    chunks: tuple[RenderedChunk, ...]


@dataclass(frozen=True, slots=True)
class RenderedModels:
    """What would run, model by model, in order."""

    models: tuple[RenderedModel, ...]
    warnings: tuple[Diagnostic, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The `render` document of the contract."""
        return {
            "schema_version": 1,
            "models": [
                {
                    "model": model.model,
                    "chunks": [{**chunk.bounds, "sql": chunk.sql} for chunk in model.chunks],
                }
                for model in self.models
            ],
        }


def render(
    options: Options,
    select: Sequence[str],
    exclude: Sequence[str],
    partitions: Sequence[str],
    strategy: str | None,
) -> RenderedModels:
    """The SQL of the plan that the same words give; what it would fill upstream is left out.

    Raises what `plan` raises.
    """
    planned = plan(
        options,
        PlanRequest(
            select=tuple(select),
            exclude=tuple(exclude),
            partitions=tuple(partitions),
            strategy=strategy,
        ),
        fills=False,
    )
    tables = planned.prepared.state.tables
    renderer = ChunkRenderer(planned.prepared.workspace, lambda name: name in tables)
    models: dict[str, list[RenderedChunk]] = {}
    for step in planned.plan.steps:
        partitioning = planned.prepared.workspace.partitionings[step.model]
        for chunk in step.chunks:
            bounds = chunk_json(chunk, partitioning)
            label = partitioning.label_set(chunk.partitions) if bounds else ""
            models.setdefault(step.model, []).append(
                RenderedChunk(
                    bounds=bounds or {"start": None, "end": None},
                    label=label,
                    sql=renderer(step.model, chunk).select,
                )
            )
    return RenderedModels(
        tuple(RenderedModel(name, tuple(chunks)) for name, chunks in models.items()),
        planned.plan.warnings,
    )
