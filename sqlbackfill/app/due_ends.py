"""Up to where partitions are due: they have ended, and so has all that they read by a bounded window."""

from __future__ import annotations

from sqlbackfill.app.workspace import Workspace
from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.reads import Horizon, ReadEdge, Reads
from sqlbackfill.project.source import Source
from sqlbackfill.query.facts import Read
from sqlbackfill.run.schema_change import bound_type

_FARTHEST = 4096
"""How many partitions before the last that ended are looked at, where a model has no `begin`."""


def own_due_end(workspace: Workspace, partitioning: AnyPartitioning) -> int:
    """The first ordinal that is not over; for keys and integers, which never wait, the last known."""
    due_end = partitioning.due_end(workspace.loaded.as_of)
    if due_end is not None:
        return due_end
    first, end = partitioning.universe
    return end if end is not None else first or 0


def due_ends(workspace: Workspace, reads: Reads) -> dict[str, int]:
    """The first ordinal of each model that is not due: its own end, or that of what it reads, is to come."""
    found: dict[str, int] = {}
    for name, partitioning in workspace.partitionings.items():
        due_end = own_due_end(workspace, partitioning)
        for upstream in {edge.upstream for edge in reads.edges[name]} - {name}:
            due_end = _before(reads, name, upstream, found[upstream], due_end)
        for source, seen, end in _of_sources(workspace, reads, name):
            due_end = _before(seen, name, source, end, due_end)
        found[name] = due_end
    return found


def _before(reads: Reads, name: str, upstream: str, end: int, due_end: int) -> int:
    """The first ordinal of `name` that reads `upstream` at `end` or after, else `due_end`."""
    begin = reads.horizons[name].begin
    if begin is not None:
        return reads.first_beyond(name, upstream, end, (min(begin, due_end), due_end))
    first, back = due_end, 1
    while back <= _FARTHEST:
        first = reads.first_beyond(name, upstream, end, (due_end - back, due_end))
        if first > due_end - back:
            break
        back *= 2
    return first


def _of_sources(workspace: Workspace, reads: Reads, name: str) -> list[tuple[str, Reads, int]]:
    """For each source that `name` reads beyond its own partition: its reads, and what is not over of it.

    By the finest partitions that the column can have: it is the window's end that counts, and a day
    of a source that is not over keeps nobody from reading an hour of it that is.
    """
    partitioning, sources = workspace.partitionings[name], workspace.loaded.project.sources
    facts, inlined = workspace.facts.get(name), workspace.inlined.get(name)
    if facts is None or not isinstance(partitioning, TimePartitioning):
        return []
    relations = {r.relation for r in (*facts.reads, *(inlined.reads if inlined else ()))}
    found = []
    for source in sorted(relations & sources.keys()):
        read = workspace.read_of(name, source)
        # What ends with the partition itself is over when that is, whatever the source's zone.
        if read is None or not (read.end_offset or 0) > 0:
            continue
        cut = _finest(workspace, sources[source], read)
        due_end = cut.due_end(workspace.loaded.as_of) if cut is not None else None
        if cut is None or due_end is None:
            continue
        seen = Reads(
            partitionings={name: partitioning, source: cut},
            # Neither end is asked for: only bounded windows count.
            horizons={name: reads.horizons[name], source: Horizon(0, 0)},
            edges={name: (ReadEdge(source, read.window),), source: ()},
        )
        found.append((source, seen, due_end))
    return found


def _finest(workspace: Workspace, source: Source, read: Read) -> TimePartitioning | None:
    schema = workspace.schemas.get(source.name)
    wanted = (read.column or "").lower()
    columns = schema.columns if schema else None
    kind = next((bound_type(c.type) for c in columns or () if c.name.lower() == wanted), None)
    if kind not in (BoundType.DATE, BoundType.TIMESTAMP, BoundType.TIMESTAMPTZ):
        return None
    try:
        return TimePartitioning(
            grain=Grain(Unit.DAY if kind is BoundType.DATE else Unit.MINUTE, 1),
            column_type=kind,
            timezone=source.timezone,
            naive=source.naive,
        )
    except ProjectError:
        return None
