"""What the relations that a query reads stand for, in the terms of the analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlbackfill.app.loading import Loaded
from sqlbackfill.app.partition_info import partition_info
from sqlbackfill.app.render_facts import RenderFacts
from sqlbackfill.app.sources import SourceSchema
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.project.config import ColumnRelation, Materialization
from sqlbackfill.project.model import Model
from sqlbackfill.project.source import Source, YmlColumn
from sqlbackfill.query.facts import DeclaredRelation, InputRef, PartitionInfo, QueryFacts


def input_refs(
    loaded: Loaded,
    models: Mapping[str, Model],
    model: Model,
    renders: Mapping[str, RenderFacts],
    facts: Mapping[str, QueryFacts],
    partitionings: Mapping[str, AnyPartitioning],
    schemas: Mapping[str, SourceSchema],
) -> dict[str, InputRef]:
    """By occurrence target (`ref:x`, `source:a.b`, `this`), those of inlined ephemerals included."""
    found: dict[str, InputRef] = {}
    pending, seen = [model.name], {model.name}
    while pending:
        render = renders[pending.pop()]
        for source in render.sources:
            declared = loaded.project.sources.get(source.name)
            if declared is not None:
                found[f"source:{source.name}"] = _source(loaded, declared, schemas.get(source.name))
        for name in render.ref_names:
            upstream = models.get(name)
            if upstream is None:
                continue
            if upstream.config.materialized is Materialization.EPHEMERAL:
                if name not in seen:
                    seen.add(name)
                    pending.append(name)
                continue
            found[f"ref:{name}"] = _upstream(
                loaded, upstream, facts.get(name), partitionings.get(name)
            )
    found["this"] = InputRef(
        relation=model.name,
        relations=relations_of(loaded, model.config.sqlbackfill.relations, model.dialect),
        partition=partition_info(model),
        identifier=model.relation.identifier,
        is_this=True,
    )
    return found


def relations_of(
    loaded: Loaded, relations: Iterable[ColumnRelation], dialect: str | None = None
) -> tuple[DeclaredRelation, ...]:
    """What the yml declares of a table's rows, read as SQL of `dialect`, else of the project's."""
    spoken = dialect or loaded.dialect
    return tuple(
        DeclaredRelation(holds=one.holds, reason=one.reason, dialect=spoken, span=one.span)
        for one in relations
    )


def _upstream(
    loaded: Loaded,
    model: Model,
    facts: QueryFacts | None,
    partitioning: AnyPartitioning | None,
) -> InputRef:
    columns = None
    if facts is not None and facts.columns_known:
        columns = tuple((column.name, column.type or "") for column in facts.columns)
    is_whole = partitioning is None or isinstance(partitioning, WholePartitioning)
    return InputRef(
        relation=model.name,
        columns=columns,
        columns_dialect=model.dialect or loaded.dialect,
        partition=None
        if partitioning is None or is_whole
        else partition_info(model, partitioning.column_type),
        unpartitioned=is_whole,
        identifier=model.relation.identifier,
        unique_keys=(*declared_keys(model.columns), *(facts.unique_keys if facts else ())),
        relations=relations_of(loaded, model.config.sqlbackfill.relations, model.dialect),
    )


def declared_keys(columns: Iterable[YmlColumn]) -> tuple[tuple[str, ...], ...]:
    """The columns that the author's own tests hold to be keys, each alone."""
    return tuple((column.name,) for column in columns if column.is_key)


def _source(loaded: Loaded, source: Source, schema: SourceSchema | None) -> InputRef:
    columns, dialect = _declared_columns(source), loaded.dialect
    if schema is not None and schema.columns is not None:
        columns = tuple((column.name, column.type) for column in schema.columns)
        dialect = loaded.adapter.dialect
    partition = None
    if source.event_time is not None:
        partition = PartitionInfo(
            column=source.event_time,
            grain=str(source.grain) if source.grain else "day",
            timezone=source.timezone,
            naive=source.naive.value,
            week_start=source.week_start,
        )
    identifier = source.relation.identifier if source.relation else source.name.split(".")[-1]
    return InputRef(
        relation=source.name,
        columns=columns,
        columns_dialect=dialect,
        partition=partition,
        unpartitioned=partition is None,
        unique_keys=declared_keys(source.columns),
        identifier=identifier,
        relations=relations_of(loaded, source.relations),
    )


def _declared_columns(source: Source) -> tuple[tuple[str, str], ...] | None:
    """The columns that the yml lists, for a table that cannot be looked at.

    Only where each has its type: such a list is taken for the whole table's, any other for a few of them.
    """
    listed = tuple((column.name, column.data_type or "") for column in source.columns)
    return listed if listed and all(type_ for _, type_ in listed) else None
