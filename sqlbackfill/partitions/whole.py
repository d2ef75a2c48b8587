"""The partitioning of a table that has none: one partition, which is the whole table."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Never, TypeAlias

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning


@dataclass(frozen=True, slots=True)
class WholePartitioning:
    """One partition, ordinal 0, without bounds: `table` and `view` models.

    It answers to what the other partitionings answer to, except to what needs a bound.
    """

    space: ClassVar[str] = "whole"
    column_type: ClassVar[BoundType] = BoundType.TEXT
    universe: ClassVar[tuple[int | None, int | None]] = (0, 1)

    def due_end(self, now: datetime) -> int | None:
        return 1

    def overlapping(
        self, lo: Bound | None, hi: Bound | None, until: int | None = None
    ) -> PartitionSet:
        return PartitionSet.single(0)

    def record_key(self, ordinal: int) -> str:
        return "*"

    def ordinal_of_key(self, key: str) -> int | None:
        return 0 if key == "*" else None

    def json_ranges(self, partitions: PartitionSet) -> list[dict[str, str | int]]:
        return []

    def label(self, ordinal: int) -> str:
        return "the whole table"

    def label_set(self, partitions: PartitionSet) -> str:
        return "the whole table" if partitions else ""

    def calendar_cuts(self, partitions: PartitionSet, unit: str) -> tuple[OrdinalRange, ...]:
        return partitions.ranges

    def ordinal(self, bound: Bound) -> Never:
        raise TypeError("a whole table has no bounds")

    def end_ordinal(self, bound: Bound) -> Never:
        raise TypeError("a whole table has no bounds")

    def bounds(self, ordinal: int) -> Never:
        raise TypeError("a whole table has no bounds")

    def span_bounds(self, start: int, end: int) -> Never:
        raise TypeError("a whole table has no bounds")


AnyPartitioning: TypeAlias = Partitioning | WholePartitioning
"""What a step of a plan may be cut by."""
