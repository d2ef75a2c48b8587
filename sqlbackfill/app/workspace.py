"""A project as every use case sees it: models in order, what they read, how they are partitioned."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.app.inlined_views import InlinedReads
from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.render_facts import RenderFacts
from sqlbackfill.app.sources import SourceSchema
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.project.config import Materialization
from sqlbackfill.project.graph import Graph
from sqlbackfill.project.model import Model
from sqlbackfill.project.source import Source
from sqlbackfill.query.facts import QueryFacts, Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything that was read and analysed, nothing of the warehouse's state.

    The mappings are keyed by model name, in topological order. `facts` and `partitionings` lack
    the models that cannot be analysed (Python, seeds, …); ephemeral models have no partitioning.
    `inlined` has the models that read views. `undeclared` are what models read without `source()`, by the
    name that they give it, once a warehouse was asked for them.
    """

    loaded: Loaded
    graph: Graph
    models: Mapping[str, Model]
    renders: Mapping[str, RenderFacts]
    facts: Mapping[str, QueryFacts]
    partitionings: Mapping[str, AnyPartitioning]
    schemas: Mapping[str, SourceSchema]
    inlined: Mapping[str, InlinedReads] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
    undeclared: Mapping[str, Source] = field(default_factory=dict)

    def source(self, relation: str) -> Source | None:
        """The source that a `Read.relation` names, declared or not; None for a model."""
        return self.loaded.project.sources.get(relation) or self.undeclared.get(relation)

    def is_built(self, name: str) -> bool:
        """Whether the model has a relation of its own that a run makes."""
        return name in self.partitionings

    def is_ephemeral(self, name: str) -> bool:
        return self.models[name].config.materialized is Materialization.EPHEMERAL

    def is_view(self, name: str) -> bool:
        model = self.models.get(name)
        return model is not None and model.config.materialized is Materialization.VIEW

    def read_of(self, name: str, relation: str) -> Read | None:
        """How `name` reads `relation` by itself and through views, as far as that is known."""
        inlined, facts = self.inlined.get(name), self.facts.get(name)
        reads = (*(inlined.reads if inlined else ()), *(facts.reads if facts else ()))
        return next((read for read in reads if read.relation == relation), None)

    def columns_of(self, name: str, relation: str) -> tuple[str, ...] | None:
        """The columns of `relation` that can change what `name` holds; None for all of them."""
        if self.is_seen_through(name, relation):
            return dict(self.inlined[name].input_columns).get(relation)
        facts = self.facts.get(name)
        return dict(facts.input_columns).get(relation) if facts else None

    def is_seen_through(self, name: str, relation: str) -> bool:
        """Whether it is known how `name` reads `relation` through the views in between."""
        inlined = self.inlined.get(name)
        return inlined is not None and any(read.relation == relation for read in inlined.reads)

    def upstream_name(self, relation: str) -> str | None:
        """The model that a `Read.relation` names, or None for a source or a hard-coded table."""
        return relation if relation in self.partitionings else None
