"""Which rows of a source are digested: ranges of its partitions, and whether those without one too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from sqlbackfill.dataclass import dataclass

_MOST_RANGES = 8


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive partitions of a source, half-open; None is an open end."""

    start: int | None
    end: int | None


EVERYTHING = Span(None, None)


@dataclass(frozen=True, slots=True)
class Cover:
    """Rows in any of `ranges`, which ascend and do not touch, and with `unplaced` those of NULL."""

    ranges: tuple[Span, ...]
    unplaced: bool

    @classmethod
    def of(cls, spans: Iterable[Span], *, unplaced: bool) -> Cover:
        """At least all of `spans`; the narrowest gaps between them are read over, to keep it short.

        >>> Cover.of([Span(5, 9), Span(1, 2), Span(2, 4)], unplaced=False).ranges
        (Span(start=1, end=4), Span(start=5, end=9))
        """
        ranges: list[Span] = []
        for span in sorted(spans, key=_start):
            if ranges and _start(span) <= _end(ranges[-1]):
                last = ranges.pop()
                ranges.append(Span(last.start, max(last, span, key=_end).end))
            else:
                ranges.append(span)
        gaps = sorted((_start(b) - _end(a), at) for at, (a, b) in enumerate(pairwise(ranges), 1))
        for _, at in sorted(gaps[: max(0, len(ranges) - _MOST_RANGES)], key=lambda gap: -gap[1]):
            ranges[at - 1 : at + 1] = [Span(ranges[at - 1].start, ranges[at].end)]
        return cls(tuple(ranges), unplaced)

    @property
    def hull(self) -> Span:
        """The least span that holds all ranges, of which there is at least one."""
        return Span(self.ranges[0].start, self.ranges[-1].end)

    def holds(self, other: Cover) -> bool:
        """Whether all rows of `other` are in this one."""
        return (self.unplaced or not other.unplaced) and all(
            any(_start(one) <= _start(span) and _end(span) <= _end(one) for one in self.ranges)
            for span in other.ranges
        )

    def joined(self, other: Cover) -> Cover:
        """At least the rows of both."""
        return Cover.of((*self.ranges, *other.ranges), unplaced=self.unplaced or other.unplaced)


def _start(span: Span) -> float:
    return float("-inf") if span.start is None else span.start


def _end(span: Span) -> float:
    return float("inf") if span.end is None else span.end
