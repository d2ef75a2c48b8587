"""What a model's partitions read of a source, by the source's own partitions. Reads no warehouse."""

from __future__ import annotations

from datetime import date

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import ProjectError
from sqlbackfill.ledger.records import SourceRead
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.civil import FIRST_YEAR, LAST_YEAR
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import StaticPartitioning
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.reads import Horizon, ReadEdge, Reads
from sqlbackfill.project.source import Source
from sqlbackfill.query.facts import Read
from sqlbackfill.run.schema_change import bound_type
from sqlbackfill.run.source_cover import EVERYTHING, Span

_MOST_SPANS = 4096
_WIDE = 1 << 80


@dataclass(frozen=True, slots=True)
class SourceWindow:
    """How one model reads one source; `window` is None where it may read all of it.

    `column` is the source's column as the window bounds it, None for a source that is read whole.
    """

    source: str
    partitioning: AnyPartitioning
    column: str | None
    window: ReadWindow | None
    reads: Reads
    model: str

    @property
    def is_whole(self) -> bool:
        return self.window is None

    def spans(self, partitions: PartitionSet) -> tuple[Span, ...]:
        """What `partitions` of the model, which are consecutive, read, in spans to be digested.

        One for each partition of the source where the window is bounded, or for as few as keep the
        number of spans low; what lies on the open side of every window is one span.
        """
        if self.window is None or not partitions:
            return (EVERYTHING,)
        horizon = self.reads.horizons[self.source]
        whole = self._read(partitions)
        if isinstance(self.partitioning, StaticPartitioning):
            return tuple(Span(at, at + 1) for at in whole.ordinals())
        if not whole.ranges or len(whole.ranges) > 1:
            return (EVERYTHING,) if whole.ranges else ()
        first = self._read(PartitionSet.single(partitions.ranges[0][0])).ranges
        last = self._read(PartitionSet.single(partitions.ranges[-1][1] - 1)).ranges
        (start, end), spans = whole.ranges[0], list[Span]()
        if start <= horizon.start:
            start = first[0][1] if first else end
            spans.append(Span(None, start))
        after = end
        if end >= horizon.stop:
            after = max(start, last[0][0] if last else start)
        step = max(1, -(-(after - start) // _MOST_SPANS))
        spans.extend(Span(at, min(at + step, after)) for at in range(start, after, step))
        if end >= horizon.stop:
            spans.append(Span(after, None))
        return tuple(spans)

    @property
    def numbering(self) -> str:
        """What two windows must share for their spans to mean the same."""
        keys = self.partitioning.keys if isinstance(self.partitioning, StaticPartitioning) else ()
        return repr((self.partitioning.space, self.column, keys))

    def as_numbered_now(self, read: SourceRead) -> list[tuple[Span, str]] | None:
        """The recorded spans with their digests; None where what one of them holds is not known now.

        A key that is listed no longer matters only to who reads more than its own.
        """
        if not isinstance(self.partitioning, StaticPartitioning):
            return [(Span(start, end), then) for start, end, then in read.spans]
        places = [self.partitioning.ordinal_of_key(key) for key in read.keys]
        if len(places) != len(read.spans) or (None in places and not self._is_key_by_key):
            return None
        return [
            (Span(place, place + 1), then)
            for place, (_, _, then) in zip(places, read.spans, strict=True)
            if place is not None
        ]

    @property
    def _is_key_by_key(self) -> bool:
        reader = self.reads.partitionings[self.model]
        return isinstance(reader, StaticPartitioning) and all(
            self._read(PartitionSet.single(at)) == PartitionSet.single(at)
            for at in range(len(reader.keys))
        )

    def _read(self, partitions: PartitionSet) -> PartitionSet:
        return self.reads.upstream_of(self.model, self.source, partitions)

    @property
    def reads_unplaced(self) -> bool:
        """Whether rows whose partition column is NULL or infinite may matter."""
        window = self.window
        return window is None or window.nulls or window.lower is None or window.upper is None

    def touching(self, spans: list[Span], partitions: PartitionSet) -> PartitionSet:
        """Of the model's `partitions` those that read any of `spans`."""
        if self.window is None:
            return partitions if spans else PartitionSet.empty()
        changed = self.changed(spans)
        return self.reads.touching(self.model, self.source, changed) & partitions

    def changed(self, spans: list[Span]) -> PartitionSet:
        """`spans` as partitions of the source, open ends at its horizon."""
        horizon = self.reads.horizons[self.source]
        return PartitionSet.of(
            (
                horizon.start if span.start is None else span.start,
                horizon.stop if span.end is None else span.end,
            )
            for span in spans
        )


def source_window(workspace: Workspace, reads: Reads, model: str, source: Source) -> SourceWindow:
    """How `model` reads `source`, by the source's event_time, or the column of the window if it has none.

    Whole, where no window is on that column, or it cannot be cut.
    """
    partitioning = workspace.partitionings[model]
    read = workspace.read_of(model, source.name)
    column = _column(read, source)
    if read is None or read.window is None or column is None:
        return whole_window(reads, model, source)
    cut = _partitioning(workspace, source, column, partitioning)
    if cut is None:
        return whole_window(reads, model, source)
    own = Reads(
        partitionings={model: partitioning, source.name: cut},
        horizons={model: reads.horizons[model], source.name: _widest(cut)},
        edges={model: (ReadEdge(source.name, read.window),), source.name: ()},
    )
    return SourceWindow(source.name, cut, column, read.window, own, model)


def whole_window(reads: Reads, model: str, source: Source) -> SourceWindow:
    """That `model` may read all of `source`."""
    return SourceWindow(source.name, WholePartitioning(), None, None, reads, model)


def _column(read: Read | None, source: Source) -> str | None:
    if read is None or read.column is None:
        return None
    is_on_another = source.event_time and read.column.lower() != source.event_time.lower()
    return None if is_on_another else read.column


def _partitioning(
    workspace: Workspace, source: Source, column: str, reader: AnyPartitioning
) -> AnyPartitioning | None:
    """How the source is cut by `column` for `reader`; None where it can only be taken whole."""
    columns = workspace.schemas[source.name].columns if source.name in workspace.schemas else None
    wanted = column.lower()
    kind = next((bound_type(c.type) for c in columns or () if c.name.lower() == wanted), None)
    match kind:
        case BoundType.DATE | BoundType.TIMESTAMP | BoundType.TIMESTAMPTZ:
            grain = source.grain or Grain(Unit.DAY, 1)
            try:
                return TimePartitioning(
                    # Several units count from a begin, which sources have none of.
                    grain=Grain(grain.unit, 1) if _fits(grain, kind) else Grain(Unit.DAY, 1),
                    column_type=kind,
                    timezone=source.timezone,
                    naive=source.naive,
                    week_start=source.week_start,
                )
            except ProjectError:
                return None
        case BoundType.INTEGER:
            size = reader.size if isinstance(reader, IntegerPartitioning) else 1
            return IntegerPartitioning(size=size)
        case BoundType.TEXT if isinstance(reader, StaticPartitioning):
            return StaticPartitioning(reader.keys)
        case _:
            return None


def _fits(grain: Grain, kind: BoundType) -> bool:
    return kind is not BoundType.DATE or grain.unit.is_civil


def _widest(partitioning: AnyPartitioning) -> Horizon:
    """From the first partition that there can be to the last."""
    match partitioning:
        case TimePartitioning():
            first, last = (
                partitioning.ordinal(date(year, 1, 1)) for year in (FIRST_YEAR, LAST_YEAR)
            )
            return Horizon(first, last)
        case IntegerPartitioning():
            return Horizon(-_WIDE, _WIDE)
        case _:
            start, stop = partitioning.universe
            return Horizon(start or 0, stop or 0)
