"""What a build saw of its inputs, as marks, and which partitions of an input changed after a mark.

In ranges: a mark is a place in the input's log, not a list of versions. What content a changed
partition has is not known here.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol

from sqlbackfill.dataclass import dataclass
from sqlbackfill.ledger.islands import RelationLog
from sqlbackfill.ledger.records import ALL_COLUMNS, InputMark, Island, Mark
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet


@dataclass(frozen=True, slots=True)
class InputEdge:
    """One input of a model as its records name it: an upstream model, or `source.table`.

    `columns` is the id of the set of columns used of it and `window` that of the read window. What
    is read `through_view` counts whole: any of its partitions may matter. What is stale for an input
    that `is_held` is shown, and rebuilt only when asked for.
    """

    name: str
    columns: str = ALL_COLUMNS
    window: str = ALL_COLUMNS
    is_source: bool = False
    through_view: bool = False
    is_held: bool = False


class SourceVersions(Protocol):
    """The versions of sources: what stands there now, and what changed since a mark."""

    def mark(self, source: str) -> str:
        """The cheap version of `source` now; empty where it is not known."""

    def stale(
        self, model: str, edge: InputEdge, recorded: InputMark, group: PartitionSet
    ) -> tuple[PartitionSet, PartitionSet]:
        """Of `group` those that read what changed since, and the source's that did, if known."""

    def expect(
        self,
        records: Mapping[str, Sequence[Island]],
        inputs: Mapping[str, Sequence[InputEdge]],
    ) -> None:
        """Notes what `stale` is going to be asked about, so that a source is read once for all."""


def window_id(window: ReadWindow | None) -> str:
    """The id of a read window; None stands for all of the input."""
    if window is None:
        return ALL_COLUMNS
    return blake2b(repr(window).encode(), digest_size=6).hexdigest()


class InputVersions:
    """The marks of what chunks read, kept current as a run commits. Threads may share it.

    A chunk may be given the marks of the moment in which it is launched: all that is written of its
    read windows in this run has been committed by then, and nothing else writes them.
    """

    def __init__(
        self,
        inputs: Mapping[str, Sequence[InputEdge]],
        heads: Mapping[str, Mark],
        sources: SourceVersions | None = None,
    ) -> None:
        self._inputs = inputs
        self._heads = dict(heads)
        self._sources = sources
        self._lock = threading.Lock()

    def inputs_of(self, model: str, partitions: PartitionSet) -> dict[str, InputMark]:  # noqa: ARG002 a source's version may depend on them
        """The mark of each input of `model` for a chunk that is launched now, by input name."""
        with self._lock:
            return {
                edge.name: InputMark(self._mark(edge), edge.columns, edge.window)
                for edge in self._inputs[model]
            }

    def head(self, model: str) -> Mark:
        """How far the log of `model` goes now."""
        with self._lock:
            return self._heads[model]

    def look_again(self, heads: Mapping[str, Mark]) -> None:
        """Takes `heads` for what stands now: between plan and run another run may have written."""
        with self._lock:
            self._heads.update(heads)

    def built(self, model: str, records: Sequence[Island]) -> None:
        """Takes note of what was just committed of `model`."""
        last = max(records, key=lambda island: island.seq)
        with self._lock:
            if last.seq > self._heads[model].seq:
                self._heads[model] = Mark(last.seq, last.identity, last.space)

    def _mark(self, edge: InputEdge) -> str:
        if not edge.is_source:
            return self._heads[edge.name].text
        return self._sources.mark(edge.name) if self._sources else ""


class Changes:
    """When each partition of one model was last written, for questions about ranges."""

    def __init__(self, head: Mark, log: RelationLog) -> None:
        self.head = head
        self._others_newest = max((n for space, n in log.newest if space != head.space), default=0)
        pieces = sorted((a, b, seq) for space, a, b, seq in log.pieces if space == head.space)
        self._starts = [start for start, _, _ in pieces]
        self._ends = [end for _, end, _ in pieces]
        self._seqs = [seq for _, _, seq in pieces]
        self._highest = _Highest(self._seqs)

    def is_undisturbed(self, mark: Mark) -> bool:
        """Whether the partitions at `mark` can be told from those now by their numbers alone."""
        return mark.space == self.head.space and self._others_newest <= mark.seq

    def since(self, mark: Mark, window: PartitionSet) -> PartitionSet:
        """The partitions in `window` that were written or taken back after `mark`.

        All of `window` where the table is another than it was.
        """
        if mark.identity != self.head.identity:
            return window
        if mark.seq >= self.head.seq:
            return PartitionSet.empty()
        return PartitionSet.of(self._newer(mark.seq, window))

    def _newer(self, seq: int, window: PartitionSet) -> Iterator[tuple[int, int]]:
        for low, high in window.ranges:
            first, after = bisect_right(self._ends, low), bisect_left(self._starts, high)
            if first >= after or self._highest.between(first, after) <= seq:
                continue
            for index in range(first, after):
                if self._seqs[index] > seq:
                    yield max(low, self._starts[index]), min(high, self._ends[index])


class _Highest:
    """The maximum of any stretch of some numbers, in O(log n): a tree of maxima in one list."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._size = len(numbers)
        self._tree = [*([0] * self._size), *numbers]
        for at in range(self._size - 1, 0, -1):
            self._tree[at] = max(self._tree[2 * at], self._tree[2 * at + 1])

    def between(self, first: int, after: int) -> int:
        """The highest of the numbers from place `first` up to but without `after`, at least 0."""
        highest, low, high = 0, first + self._size, after + self._size
        while low < high:
            if low & 1:
                highest = max(highest, self._tree[low])
                low += 1
            if high & 1:
                high -= 1
                highest = max(highest, self._tree[high])
            low //= 2
            high //= 2
        return highest
