"""Marks moved up to the present where nothing that a build read has changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.islands import RelationLog
from sqlbackfill.ledger.records import InputMark, Island, Mark
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.states import StaleCause
from sqlbackfill.plan.versions import InputEdge


def advanced(
    log: RelationLog,
    records: Iterable[Island],
    causes: Iterable[StaleCause],
    edges: Sequence[InputEdge],
    heads: Mapping[str, Mark],
) -> RelationLog:
    """`log` with the marks of its fresh `records` at the heads of their inputs' logs.

    A record that is stale in part falls into parts. `heads` must be no newer than what `causes`
    were judged by. Marks of sources stay.
    """
    stale = PartitionSet.of(span for cause in causes for span in cause.partitions.ranges)
    judged = {(island.seq, island.start) for island in records}
    islands: list[Island] = []
    for island in log.islands:
        if (island.seq, island.start) not in judged:
            islands.append(island)
            continue
        fresh = {
            edge.name: replace(island.inputs[edge.name], mark=heads[edge.name].text)
            for edge in edges
            if not edge.is_source and edge.name in island.inputs
        }
        islands += _parts(island, {**island.inputs, **fresh}, stale)
    return replace(log, islands=tuple(islands))


def _parts(island: Island, fresh: Mapping[str, InputMark], stale: PartitionSet) -> Iterable[Island]:
    if not stale:
        return [replace(island, inputs=fresh)]
    parts = [
        *((span, fresh) for span in (island.partitions - stale).ranges),
        *((span, island.inputs) for span in (island.partitions & stale).ranges),
    ]
    return [
        replace(island, start=start, end=end, inputs=inputs)
        for (start, end), inputs in sorted(parts, key=lambda part: part[0])
    ]
