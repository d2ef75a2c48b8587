"""A project as every use case sees it: models in order, what they read, how they are partitioned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.render_facts import RenderFacts
from sqlbackfill.app.sources import SourceSchema
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.graph import Graph
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import QueryFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything that was read and analysed, nothing of the warehouse's state.

    The mappings are keyed by model name, in topological order. `facts` and `partitionings` lack
    the models that cannot be analysed (Python, seeds, …); ephemeral models have no partitioning.
    """

    loaded: Loaded
    graph: Graph
    models: Mapping[str, Model]
    renders: Mapping[str, RenderFacts]
    facts: Mapping[str, QueryFacts]
    partitionings: Mapping[str, AnyPartitioning]
    schemas: Mapping[str, SourceSchema]
    warnings: tuple[Diagnostic, ...] = ()

    def is_built(self, name: str) -> bool:
        """Whether the model has a relation of its own that a run makes."""
        return name in self.partitionings

    def is_ephemeral(self, name: str) -> bool:
        return self.models[name].config.materialized is Materialization.EPHEMERAL

    def upstream_name(self, relation: str) -> str | None:
        """The model that a `Read.relation` names, or None for a source or a hard-coded table."""
        return relation if relation in self.partitionings else None
