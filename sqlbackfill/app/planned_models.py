"""What a run needs to know of each model, from the analysis alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlbackfill.app.planned_columns import digested_columns
from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.schema_changes import policy_of
from sqlbackfill.app.slices import slices
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import replace
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.strategy import Kind
from sqlbackfill.plan.types import ColumnSet, PlannedModel
from sqlbackfill.project.config import Materialization
from sqlbackfill.query.facts import QueryFacts
from sqlbackfill.warehouse.protocol import TableKind, TableOptions


def planned_models(prepared: Prepared, names: Iterable[str]) -> dict[str, PlannedModel]:
    """What a run needs to know of the models called `names`."""
    workspace = prepared.workspace
    consumed, sliced = digested_columns(workspace), slices(workspace)
    return {
        name: replace(
            _planned(workspace, prepared.reads, name),
            consumed=tuple(ColumnSet(*each) for each in consumed.get(name, {}).items()),
            slices=sliced.get(name, {}),
        )
        for name in names
    }


def _planned(workspace: Workspace, reads: Reads, name: str) -> PlannedModel:
    model, facts = workspace.models[name], workspace.facts[name]
    is_view = model.config.materialized is Materialization.VIEW
    return PlannedModel(
        name=name,
        relation=model.relation,
        partitioning=workspace.partitionings[name],
        partition_column=_column_as_output(model.partition_column, facts),
        reads_itself=facts.reads_itself,
        has_author_bounds=_needs_row_checks(workspace, name),
        upstreams=tuple(edge.upstream for edge in reads.edges[name]),
        kind=TableKind.VIEW if is_view else TableKind.TABLE,
        on_schema_change=policy_of(workspace, name),
        storage=_storage(model.config.values),
        is_never_cut=Kind.CHUNK not in facts.strategies and Kind.RANGE in facts.strategies,
    )


def _storage(config: Mapping[str, object]) -> TableOptions:
    """What the model's `cluster_by` and `transient` say; as in dbt, tables are transient."""
    given = config.get("cluster_by") or ()
    keys = (given,) if isinstance(given, str) else given
    return TableOptions(
        cluster_by=tuple(str(key) for key in keys) if isinstance(keys, list | tuple) else (),
        is_transient=config.get("transient") is not False,
    )


def _needs_row_checks(workspace: Workspace, name: str) -> bool:
    """Whether rows outside a chunk may lack a home: bounds of the author's own, not proven (T2)."""
    return (
        workspace.renders[name].uses_bounds
        and workspace.facts[name].author_bounds_hold is not True
        and not isinstance(workspace.partitionings[name], WholePartitioning)
    )


def _column_as_output(column: str | None, facts: QueryFacts) -> str | None:
    """The partition column as the query spells it; engines compare quoted names by their case."""
    if column is None:
        return None
    spelled = (c.name for c in facts.columns if c.name.lower() == column.lower())
    return next(spelled, column)
