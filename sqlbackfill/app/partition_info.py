"""How models are partitioned, from their configuration and what was inferred."""

from __future__ import annotations

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.project.config import IntegerRange, Materialization, StaticKeys
from sqlbackfill.project.model import Model
from sqlbackfill.query.facts import PartitionInfo, QueryFacts
from sqlbackfill.run.schema_change import bound_type


def partition_info(model: Model, column_type: BoundType | None = None) -> PartitionInfo | None:
    """How a model is partitioned, in the terms of the analysis; None if it is not."""
    column = model.partition_column
    if model.config.materialized is not Materialization.INCREMENTAL or column is None:
        return None
    ours = model.config.sqlbackfill
    grain = model.config.grain
    return PartitionInfo(
        column=column,
        grain=str(grain) if grain else _key_grain(model),
        timezone=ours.timezone,
        naive=ours.naive.value,
        column_type=column_type or declared_type(model),
        week_start=ours.week_start,
    )


def _key_grain(model: Model) -> str:
    partitions = model.config.sqlbackfill.partitions
    return str(partitions.size) if isinstance(partitions, IntegerRange) else "keys"


def column_type(model: Model, facts: QueryFacts) -> BoundType:
    """The partition column's type: declared, else inferred, else what its grain suggests."""
    partitions = model.config.sqlbackfill.partitions
    if isinstance(partitions, StaticKeys):
        return BoundType.TEXT
    if isinstance(partitions, IntegerRange):
        return BoundType.INTEGER
    known = declared_type(model) or facts.partition_type
    if known is not None:
        return known
    grain = model.config.grain
    return BoundType.DATE if grain is None or grain.unit.is_civil else BoundType.TIMESTAMP


def declared_type(model: Model) -> BoundType | None:
    """The type that the yml's `data_type` gives the partition column, or None."""
    column = next(
        (
            c.data_type
            for c in model.columns
            if c.data_type and c.name.lower() == (model.partition_column or "").lower()
        ),
        None,
    )
    return bound_type(column) if column else None
