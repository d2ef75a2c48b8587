"""Which partitions of its upstreams a partition reads, and the inverse: by ordinals, in ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning


@dataclass(frozen=True, slots=True)
class ReadEdge:
    """That one model reads another; `window` is None where it may need all of it."""

    upstream: str
    window: ReadWindow | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """The partitions of a model that can exist, by ordinals.

    `begin` and `end` are the model's own, None where it sets none: partitions outside do not exist
    and count as empty, never as missing (design: Selection, rule 4). `start` and `stop` are where
    a read window that is open on a side ends: finite, half-open, within `begin` and `end`.
    """

    start: int
    stop: int
    begin: int | None = None
    end: int | None = None

    @property
    def partitions(self) -> PartitionSet:
        return PartitionSet.span(self.start, max(self.start, self.stop))

    def clip(self, start: int, end: int) -> PartitionSet:
        """Of the ordinals [start, end) those that can exist."""
        low = start if self.begin is None else max(start, self.begin)
        high = end if self.end is None else min(end, self.end)
        return PartitionSet.span(low, max(low, high))


@dataclass(frozen=True, slots=True)
class Reads:
    """The read windows of every model of a project, evaluated on its partitions.

    Keys of all three mappings are model names; `edges` lists a model's partitioned and whole
    upstreams, itself included where it reads itself, never its sources.
    """

    partitionings: Mapping[str, AnyPartitioning]
    horizons: Mapping[str, Horizon]
    edges: Mapping[str, tuple[ReadEdge, ...]]
    _aligned: frozenset[tuple[str, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        edges = [(model, edge) for model, edges in self.edges.items() for edge in edges]
        others = {(model, edge.upstream) for model, edge in edges if not self._aligns(edge, model)}
        aligned = frozenset((model, edge.upstream) for model, edge in edges) - others
        object.__setattr__(self, "_aligned", aligned)

    def upstream(self, model: str, partitions: PartitionSet) -> dict[str, PartitionSet]:
        """What building `partitions` of `model` reads of each upstream that can exist."""
        return {edge.upstream: self._along(edge, model, partitions) for edge in self.edges[model]}

    def upstream_of(self, model: str, upstream: str, partitions: PartitionSet) -> PartitionSet:
        """The same of one upstream that `model` reads."""
        edges = [edge for edge in self.edges[model] if edge.upstream == upstream]
        if len(edges) == 1:
            return self._along(edges[0], model, partitions)
        found = (self._along(edge, model, partitions) for edge in edges)
        return PartitionSet.of(span for each in found for span in each.ranges)

    def has_edge(self, model: str, upstream: str) -> bool:
        return any(edge.upstream == upstream for edge in self.edges[model])

    def touching(self, model: str, upstream: str, changed: PartitionSet) -> PartitionSet:
        """The partitions of `model`, within its horizon, whose read windows touch `changed`.

        Both ends of a read window move monotonically with the output partition, so the partitions
        that touch one contiguous range are themselves contiguous: two binary searches a range.
        """
        candidates = self.horizons[model].partitions
        if not changed or not candidates:
            return PartitionSet.empty()
        touched = PartitionSet.empty()
        for edge in self.edges[model]:
            if edge.upstream != upstream:
                continue
            if not self._is_monotone(edge, model):
                touched |= self._touching_one_by_one(edge, model, changed, candidates)
                continue
            for start, end in candidates.ranges:
                touched |= self._touching_range(edge, model, changed, (start, end))
        return touched

    def first_beyond(self, model: str, upstream: str, end: int, within: tuple[int, int]) -> int:
        """The first ordinal of `model` in `within` that reads `upstream` at `end` or after, else its end.

        Only bounded windows count, and partitions of the upstream that can exist.
        """
        limit = self.horizons[upstream].end
        first = within[1]
        if limit is not None and end >= limit:
            return first
        for edge in self.edges[model]:
            if edge.upstream != upstream or not self._is_bounded(edge, model):
                continue
            first = _first((within[0], first), partial(self._ends_after, edge, model, end))
        return first

    def _is_bounded(self, edge: ReadEdge, model: str) -> bool:
        """Whether a later partition of the model reads no less far, and none without end."""
        ends = (self.partitionings[model], self.partitionings[edge.upstream])
        return (
            edge.window is not None
            and edge.window.upper is not None
            and all(isinstance(partitioning, TimePartitioning) for partitioning in ends)
        )

    def _aligns(self, edge: ReadEdge, model: str) -> bool:
        """Whether each partition certainly reads that of its own number alone: no window to evaluate.

        Both are cut alike, on a clock that never changes: no day is skipped or repeated.
        """
        output, source = self.partitionings.get(model), self.partitionings.get(edge.upstream)
        return (
            edge.window is not None
            and edge.window.is_identity
            and isinstance(output, TimePartitioning)
            and isinstance(source, TimePartitioning)
            and output.column_type is source.column_type
            and edge.window.column_type in (None, source.column_type)
            and output.space == source.space
            and source.column.cut_zone is None
        )

    def _is_monotone(self, edge: ReadEdge, model: str) -> bool:
        ordered = (self.partitionings[model], self.partitionings[edge.upstream])
        return edge.window is not None and all(
            partitioning.column_type is not BoundType.TEXT for partitioning in ordered
        )

    def _along(self, edge: ReadEdge, model: str, partitions: PartitionSet) -> PartitionSet:
        if not partitions:
            return PartitionSet.empty()
        if (model, edge.upstream) in self._aligned:
            clip = self.horizons[edge.upstream].clip
            if len(partitions.ranges) == 1:
                return clip(*partitions.ranges[0])
            return PartitionSet.of(r for span in partitions.ranges for r in clip(*span).ranges)
        horizon = self.horizons[edge.upstream].partitions
        source = self.partitionings[edge.upstream]
        output = self.partitionings[model]
        if (
            edge.window is None
            or isinstance(source, WholePartitioning)
            or isinstance(output, WholePartitioning)
        ):
            return horizon
        read = PartitionSet.empty()
        if output.column_type is BoundType.TEXT:
            keys = frozenset(output.record_key(ordinal) for ordinal in partitions.ordinals())
            wanted = edge.window.evaluate_keys(keys)
            if wanted is None:
                return horizon
            ordinals = (source.ordinal_of_key(key) for key in sorted(wanted))
            return PartitionSet.of(tuple((o, o + 1) for o in ordinals if o is not None)) & horizon
        for start, end in partitions.ranges:
            # An end may be bound to the start of a partition, as in `day = partition.start`.
            first, last = self._span(edge, output.bounds(start))
            if end - start > 1:
                last = self._span(edge, output.bounds(end - 1))[1]
            read |= self.horizons[edge.upstream].clip(first, last)
        return read

    def _touching_one_by_one(
        self, edge: ReadEdge, model: str, changed: PartitionSet, candidates: PartitionSet
    ) -> PartitionSet:
        if edge.window is None or isinstance(self.partitionings[model], WholePartitioning):
            return candidates
        return PartitionSet.of(
            tuple(
                (ordinal, ordinal + 1)
                for ordinal in candidates.ordinals()
                if self._along(edge, model, PartitionSet.single(ordinal)) & changed
            )
        )

    def _touching_range(
        self, edge: ReadEdge, model: str, changed: PartitionSet, within: tuple[int, int]
    ) -> PartitionSet:
        touched = PartitionSet.empty()
        for start, end in changed.ranges:
            first = _first(within, partial(self._ends_after, edge, model, start))
            last = _first(within, partial(self._starts_from, edge, model, end))
            if first < last:
                touched |= PartitionSet.span(first, last)
        return touched

    def _ends_after(self, edge: ReadEdge, model: str, start: int, ordinal: int) -> bool:
        return self._reads(edge, model, ordinal)[1] > start

    def _starts_from(self, edge: ReadEdge, model: str, end: int, ordinal: int) -> bool:
        return self._reads(edge, model, ordinal)[0] >= end

    def _reads(self, edge: ReadEdge, model: str, ordinal: int) -> tuple[int, int]:
        if (model, edge.upstream) in self._aligned:
            return ordinal, ordinal + 1
        return self._span(edge, self.partitionings[model].bounds(ordinal))

    def _span(self, edge: ReadEdge, output: tuple[Bound, Bound]) -> tuple[int, int]:
        """The upstream's ordinals that overlap the window of output bounds [lo, hi)."""
        horizon = self.horizons[edge.upstream]
        source = self.partitionings[edge.upstream]
        if edge.window is None or isinstance(source, WholePartitioning):
            return horizon.start, horizon.stop
        interval = edge.window.evaluate(*output)
        start = horizon.start if interval.lo is None else source.ordinal(interval.lo)
        if interval.hi is None:
            return start, horizon.stop
        last = source.ordinal(interval.hi)
        return start, last if source.bounds(last)[0] == interval.hi else last + 1


def _first(within: tuple[int, int], holds: Callable[[int], bool]) -> int:
    """The first ordinal in `within` where the monotone predicate `holds`, else its end."""
    low, high = within
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
