"""The kinds of partitioning, as one union. Each kind lives in a file of its own."""

from __future__ import annotations

from typing import TypeAlias

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.time_column import Naive
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.universe import Universe

Partitioning: TypeAlias = TimePartitioning | IntegerPartitioning | StaticPartitioning
"""A partitioning that can be planned and run. All kinds answer to the same methods."""


@dataclass(frozen=True, slots=True)
class DynamicPartitioning:
    """Keys that a query finds. Can be declared; planning it is UNSUPPORTED_PARTITIONS."""

    query: str


@dataclass(frozen=True, slots=True)
class ProductPartitioning:
    """Several named dimensions. Can be declared; planning it is UNSUPPORTED_PARTITIONS."""

    dimensions: tuple[tuple[str, Partitioning | DynamicPartitioning], ...]


DeclaredPartitioning: TypeAlias = Partitioning | DynamicPartitioning | ProductPartitioning
"""What a project may declare."""

__all__ = [
    "DeclaredPartitioning",
    "DynamicPartitioning",
    "IntegerPartitioning",
    "Naive",
    "Partitioning",
    "ProductPartitioning",
    "StaticPartitioning",
    "TimePartitioning",
    "Universe",
]
