"""What of the sources some partitions of models need, through all the models between. Reads no warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.query.facts import Read


@dataclass(slots=True)
class SourceNeed:
    """What is needed of one source: values of `column` in `intervals`, or all of it.

    `whole_for` names the first model that may read all of it.
    """

    source: str
    column: str | None = None
    type: BoundType | None = None
    intervals: list[Interval] = field(default_factory=list)
    whole_for: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.whole_for is not None

    def ranges(self) -> list[tuple[Bound, Bound]]:
        """The intervals joined where they meet, in order; both ends are set where nothing is whole."""
        found: list[tuple[Bound, Bound]] = []
        ends = [(i.lo, i.hi) for i in self.intervals if i.lo is not None and i.hi is not None]
        for lo, hi in sorted(ends, key=lambda one: one[0]):
            if found and lo <= found[-1][1]:  # type: ignore[operator]  # of one type
                found[-1] = (found[-1][0], max(found[-1][1], hi))
            else:
                found.append((lo, hi))
        return found

    @property
    def nulls(self) -> bool:
        """Whether rows whose column is NULL are needed too."""
        return any(interval.nulls for interval in self.intervals)


def source_needs(workspace: Workspace, wanted: Mapping[str, PartitionSet]) -> dict[str, SourceNeed]:
    """What building `wanted` and everything above it from nothing reads of each source, by name."""
    needed: dict[str, PartitionSet | None] = dict(wanted)
    found: dict[str, SourceNeed] = {}
    for name in reversed(list(workspace.models)):
        if name not in needed or name not in workspace.partitionings:
            continue
        partitions = needed[name]
        for relation, read in _reads(workspace, name):
            if relation in workspace.partitionings:
                more = _upstream(workspace, name, partitions, relation, read)
                before = needed.get(relation, PartitionSet.empty())
                needed[relation] = None if more is None or before is None else before | more
            elif relation in workspace.loaded.project.sources:
                need = found.setdefault(relation, SourceNeed(relation))
                _add(workspace, need, name, partitions, read)
    return dict(sorted(found.items()))


def _reads(workspace: Workspace, name: str) -> Iterator[tuple[str, Read | None]]:
    """What `name` reads, through ephemeral models and views; None where it may read all of it."""
    pending, seen = [(name, False)], {name}
    while pending:
        reader, is_behind = pending.pop()
        sources = (s for s, readers in workspace.graph.source_readers.items() if reader in readers)
        for relation in dict.fromkeys((*workspace.graph.refs[reader], *sources)):
            is_view = workspace.is_view(relation)
            if is_view or (relation in workspace.models and workspace.is_ephemeral(relation)):
                if relation not in seen:
                    seen.add(relation)
                    pending.append((relation, is_behind or is_view))
                continue
            is_known = not is_behind or workspace.is_seen_through(name, relation)
            yield relation, workspace.read_of(name, relation) if is_known else None


def _upstream(
    workspace: Workspace,
    name: str,
    partitions: PartitionSet | None,
    upstream: str,
    read: Read | None,
) -> PartitionSet | None:
    """The partitions of an upstream that `partitions` of `name` read; None for all there may be."""
    cut = workspace.partitionings[upstream]
    if isinstance(cut, WholePartitioning):
        return PartitionSet.single(0)
    found = PartitionSet.empty()
    for interval in _intervals(workspace, name, partitions, read):
        if interval is None or interval.lo is None or interval.hi is None:
            return _everything(workspace, cut)
        try:
            found |= cut.overlapping(interval.lo, interval.hi)
        except (TypeError, ValueError):  # it is cut on a column of another kind
            return _everything(workspace, cut)
    return found


def _everything(workspace: Workspace, cut: Partitioning) -> PartitionSet | None:
    first, end = cut.universe
    due_end = cut.due_end(workspace.loaded.as_of)
    stop = min((one for one in (end, due_end) if one is not None), default=None)
    if first is None or stop is None:
        return None
    return PartitionSet.span(first, max(first, stop))


def _add(
    workspace: Workspace,
    need: SourceNeed,
    name: str,
    partitions: PartitionSet | None,
    read: Read | None,
) -> None:
    intervals = list(_intervals(workspace, name, partitions, read))
    is_bounded = read is not None and all(
        i is not None and i.lo is not None and i.hi is not None for i in intervals
    )
    kind = read.window.column_type if read is not None and read.window is not None else None
    is_other = need.column is not None and read is not None and need.column != read.column
    own = workspace.partitionings[name].column_type
    if not is_bounded or read is None or read.column is None or is_other:
        need.whole_for = need.whole_for or name
        return
    need.column = read.column
    need.type = kind or own
    need.intervals += [one for one in intervals if one is not None]


def _intervals(
    workspace: Workspace, name: str, partitions: PartitionSet | None, read: Read | None
) -> Iterator[Interval | None]:
    cut = workspace.partitionings[name]
    if partitions is None or read is None or read.window is None:
        yield None
        return
    if isinstance(cut, WholePartitioning) or cut.column_type is BoundType.TEXT:
        yield None
        return
    for start, end in partitions.ranges:
        yield read.window.evaluate(*cut.span_bounds(start, end))
