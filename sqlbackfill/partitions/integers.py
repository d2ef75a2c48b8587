"""Partitions of integers: block numbers, ids. Owns their arithmetic; not the -p grammar."""

from __future__ import annotations

from datetime import datetime

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.partitions.universe import Universe, within


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerPartitioning:
    """Partitions of `size` consecutive integers, cut from `begin` or 0 on; `end` is exclusive.

    An ordinal means the same whatever `begin` is, as long as the `space` is the same.
    Integers are always due. Raises ProjectError: END_BEFORE_BEGIN, INVALID_PARTITIONING.
    """

    size: int = 1
    begin: int | None = None
    end: int | None = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ProjectError(
                Diagnostic(
                    code="INVALID_PARTITIONING",
                    message=f"a partition of integers holds at least one, not {self.size}",
                    fix="set a size of 1 or more",
                )
            )
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise ProjectError(
                Diagnostic(
                    code="END_BEFORE_BEGIN",
                    message=f"`end` {self.end} is not after `begin` {self.begin}",
                    fix="`end` is exclusive: it must be greater than `begin`",
                )
            )

    @property
    def column_type(self) -> BoundType:
        return BoundType.INTEGER

    @property
    def space(self) -> str:
        """The size, and where counting starts modulo the size."""
        return f"integers:{self.size}:{self._phase}"

    @property
    def universe(self) -> Universe:
        first = None if self.begin is None else self.ordinal(self.begin)
        return first, None if self.end is None else self._end_ordinal(self.end)

    def ordinal(self, bound: Bound) -> int:
        """The partition that holds the integer `bound`."""
        return (_integer(bound) - self._phase) // self.size

    def bounds(self, ordinal: int) -> tuple[int, int]:
        """The half-open integers of one partition."""
        return self.span_bounds(ordinal, ordinal + 1)

    def span_bounds(self, start: int, end: int) -> tuple[int, int]:
        """The half-open integers of the ordinals from `start` up to but without `end`."""
        return self._phase + start * self.size, self._phase + end * self.size

    def due_end(self, now: datetime) -> None:
        """None: integers do not wait for a clock."""

    def current(self, now: datetime) -> None:
        """None: no partition holds *now*."""

    def overlapping(
        self,
        lo: Bound | None,
        hi: Bound | None,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> PartitionSet:
        """The partitions of the universe that overlap the integers [lo, hi); None is unbounded.

        `since` and `until` are ordinals that clip further. Raises ValueError where an end stays
        unbounded.
        """
        if lo is not None and hi is not None and _integer(lo) >= _integer(hi):
            return PartitionSet.empty()
        first = None if lo is None else self.ordinal(lo)
        end = None if hi is None else self._end_ordinal(_integer(hi))
        return within(self.universe, first, end, since=since, until=until)

    def record_key(self, ordinal: int) -> str:
        """The first integer of the partition, as text."""
        return str(self.bounds(ordinal)[0])

    def ordinal_of_key(self, text: str) -> int | None:
        """The partition that `record_key` named; None if `text` names none of this space."""
        try:
            ordinal = self.ordinal(int(text))
        except ValueError:
            return None
        return ordinal if self.record_key(ordinal) == text else None

    def json_ranges(self, partitions: PartitionSet) -> list[dict[str, str | int]]:
        """Merged ranges as documents hold them: `start` and exclusive `end`, numbers."""
        return [
            {"start": start, "end": end}
            for start, end in (self.span_bounds(*r) for r in partitions.ranges)
        ]

    def label(self, ordinal: int) -> str:
        """One partition in words of the -p grammar: `7`, or `100..199` where it holds several."""
        return self._label_of_run(ordinal, ordinal + 1)

    def label_set(self, partitions: PartitionSet) -> str:
        """Text that `-p` reads as exactly these partitions; empty for none."""
        return ",".join(self._label_of_run(*r) for r in partitions.ranges)

    def calendar_cuts(self, partitions: PartitionSet, _unit: str, /) -> tuple[OrdinalRange, ...]:
        """The contiguous runs, whole: integers have no calendar."""
        return partitions.ranges

    @property
    def _phase(self) -> int:
        return (self.begin or 0) % self.size

    def _end_ordinal(self, value: int) -> int:
        return -((self._phase - value) // self.size)

    def _label_of_run(self, start: int, end: int) -> str:
        lo, hi = self.span_bounds(start, end)
        return str(lo) if hi - lo == 1 else f"{lo}..{hi - 1}"


def _integer(bound: Bound) -> int:
    if isinstance(bound, int):
        return bound
    raise TypeError(f"{bound!r} is no integer")
