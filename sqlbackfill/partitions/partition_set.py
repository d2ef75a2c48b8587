"""Sets of partitions as merged ranges of ordinals. Owns the algebra; knows no dates and no keys."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from sqlbackfill.dataclass import dataclass

OrdinalRange: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PartitionSet:
    """Ordinals as half-open ranges, sorted, disjoint and not adjacent.

    Every operation costs the number of ranges, never the number of partitions; only `ordinals` and
    `chunks` produce as many values as they say. Build one with `of`, `single` or `span`.
    """

    ranges: tuple[OrdinalRange, ...] = ()

    def __post_init__(self) -> None:
        previous: int | None = None
        for start, end in self.ranges:
            if start >= end or (previous is not None and start <= previous):
                raise ValueError(f"ranges must be merged and in order: {self.ranges}")
            previous = end

    @classmethod
    def empty(cls) -> PartitionSet:
        return cls()

    @classmethod
    def of(cls, ranges: Iterable[OrdinalRange]) -> PartitionSet:
        """The union of half-open `ranges` in any order; those that end where they start are dropped."""
        merged: list[OrdinalRange] = []
        for start, end in sorted(r for r in ranges if r[0] < r[1]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return cls(tuple(merged))

    @classmethod
    def of_ordinals(cls, ordinals: Iterable[int]) -> PartitionSet:
        return cls.of((o, o + 1) for o in ordinals)

    @classmethod
    def single(cls, ordinal: int) -> PartitionSet:
        return cls(((ordinal, ordinal + 1),))

    @classmethod
    def span(cls, start: int, end: int) -> PartitionSet:
        """Ordinals from `start` up to but without `end`; empty if there are none."""
        return cls(((start, end),)) if start < end else cls()

    @property
    def first(self) -> int:
        """The smallest ordinal. Raises ValueError for the empty set."""
        if not self.ranges:
            raise ValueError("the empty set has no first partition")
        return self.ranges[0][0]

    @property
    def last(self) -> int:
        """The largest ordinal, included. Raises ValueError for the empty set."""
        if not self.ranges:
            raise ValueError("the empty set has no last partition")
        return self.ranges[-1][1] - 1

    def __or__(self, other: PartitionSet) -> PartitionSet:
        if not other.ranges:
            return self
        return PartitionSet.of((*self.ranges, *other.ranges)) if self.ranges else other

    def __and__(self, other: PartitionSet) -> PartitionSet:
        common: list[OrdinalRange] = []
        mine, theirs = iter(self.ranges), iter(other.ranges)
        a, b = next(mine, None), next(theirs, None)
        while a is not None and b is not None:
            start, end = max(a[0], b[0]), min(a[1], b[1])
            if start < end:
                common.append((start, end))
            if a[1] <= b[1]:
                a = next(mine, None)
            else:
                b = next(theirs, None)
        return PartitionSet(tuple(common))

    def __sub__(self, other: PartitionSet) -> PartitionSet:
        if not self.ranges or not other.ranges:
            return self
        left: list[OrdinalRange] = []
        taken, at = other.ranges, 0
        for start, end in self.ranges:
            while at < len(taken) and taken[at][1] <= start:
                at += 1
            hole = at
            while hole < len(taken) and taken[hole][0] < end:
                if start < taken[hole][0]:
                    left.append((start, taken[hole][0]))
                start = max(start, taken[hole][1])
                hole += 1
            if start < end:
                left.append((start, end))
        return PartitionSet(tuple(left))

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __len__(self) -> int:
        return sum(end - start for start, end in self.ranges)

    def __contains__(self, ordinal: int) -> bool:
        at = bisect_right(self.ranges, ordinal, key=lambda r: r[0])
        return at > 0 and ordinal < self.ranges[at - 1][1]

    def contains(self, ordinal: int) -> bool:
        return ordinal in self

    def covers(self, other: PartitionSet) -> bool:
        """Whether every partition of `other` is in this set."""
        return not other - self

    def ordinals(self) -> Iterator[int]:
        """Every ordinal, ascending."""
        for start, end in self.ranges:
            yield from range(start, end)

    def chunks(self, count: int) -> tuple[OrdinalRange, ...]:
        """Ranges of at most `count` ordinals, counted from the start of each contiguous run.

        A gap is never bridged; the last chunk of a run may be shorter.

        >>> PartitionSet.of([(0, 5), (7, 9)]).chunks(2)
        ((0, 2), (2, 4), (4, 5), (7, 9))
        """
        if count < 1:
            raise ValueError(f"a chunk has at least one partition: {count}")
        return tuple(
            (at, min(at + count, end))
            for start, end in self.ranges
            for at in range(start, end, count)
        )
