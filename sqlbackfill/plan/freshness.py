"""Which recorded partitions are out of date, and by which cause: quickly in ranges, then exactly.

A partition is fresh iff its code is the recorded one and each input's read window holds what it held
at the recorded mark. Pure: what content an input's partitions had comes through a callable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.records import ALL_COLUMNS, InputMark, Island, Mark
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.states import Cause, StaleCause
from sqlbackfill.plan.versions import Changes, InputEdge, SourceVersions

Moved = Sequence[tuple[OrdinalRange, Island | None]]
Exact = Callable[[str, Mark, str, PartitionSet], Moved]
"""Of an upstream model, since a mark, in a set of columns, within partitions that were written since:
those whose version differs now, with the record that gave it (None: there is none, or it is not
comparable)."""
OldMark = Callable[[str, str, PartitionSet], bool]
"""Whether what a ledger of version 1 recorded of an upstream's partitions is what they are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Judges the records of models by what their inputs were and are. Keys are model names."""

    reads: Reads
    inputs: Mapping[str, Sequence[InputEdge]]
    changes: Mapping[str, Changes]
    exact: Exact
    old_mark: OldMark = lambda _upstream, _mark, _window: False
    sources: SourceVersions | None = None

    def causes(
        self, model: str, islands: Sequence[Island], fingerprint: str
    ) -> tuple[StaleCause, ...]:
        """Why which partitions of `islands` are stale, each under the first cause that is found."""
        recoded = PartitionSet.of((i.start, i.end) for i in islands if i.fingerprint != fingerprint)
        found = [StaleCause(recoded, Cause.CODE_CHANGED, None)] if recoded else []
        same = [island for island in islands if island.fingerprint == fingerprint]
        stale = recoded
        for edge in self.inputs[model]:
            for cause in self._along(model, edge, same, stale):
                found.append(replace(cause, is_held=edge.is_held))
                stale |= cause.partitions
        return tuple(found)

    def _along(
        self, model: str, edge: InputEdge, islands: Sequence[Island], stale: PartitionSet
    ) -> Sequence[StaleCause]:
        groups: dict[InputMark | None, list[OrdinalRange]] = {}
        for island in islands:
            groups.setdefault(island.inputs.get(edge.name), []).append((island.start, island.end))
        causes = (
            self._judge(model, edge, mark, PartitionSet.of(ranges) - stale)
            for mark, ranges in groups.items()
        )
        return _joined(cause for cause in causes if cause.partitions)

    def _judge(
        self, model: str, edge: InputEdge, recorded: InputMark | None, group: PartitionSet
    ) -> StaleCause:
        if not group:
            return StaleCause(group, Cause.INPUT_CHANGED, edge.name)
        if recorded is None or not (recorded.mark or edge.is_source):
            return StaleCause(group, Cause.INPUT_VERSION_UNKNOWN, edge.name)
        if recorded.window not in (edge.window, ALL_COLUMNS):
            return StaleCause(group, Cause.READ_WINDOW_WIDENED, edge.name)
        if edge.is_source:
            return self._judge_source(model, edge, recorded, group)
        mark = Mark.read(recorded.mark)
        if mark is None:
            return self._judge_old(model, edge, recorded, group)
        changes = self.changes[edge.name]
        if not changes.is_undisturbed(mark):
            return StaleCause(group, Cause.INPUT_CHANGED, edge.name)
        changed = changes.since(mark, self._window(model, edge, group))
        if not changed:
            return StaleCause(changed, Cause.INPUT_CHANGED, edge.name)
        moved = self.exact(edge.name, mark, recorded.columns, changed)
        places = PartitionSet.of(span for span, _ in moved)
        return StaleCause(
            self._touching(model, edge, places, group),
            Cause.INPUT_CHANGED,
            edge.name,
            changed=places,
            runs=tuple(sorted({island.run_id for _, island in moved if island is not None})),
        )

    def _judge_source(
        self, model: str, edge: InputEdge, recorded: InputMark, group: PartitionSet
    ) -> StaleCause:
        if self.sources is None:
            return StaleCause(group, Cause.INPUT_VERSION_UNKNOWN, edge.name)
        stale, changed = self.sources.stale(model, edge, recorded, group)
        return StaleCause(stale, Cause.SOURCE_CHANGED, edge.name, changed=changed)

    def _judge_old(
        self, model: str, edge: InputEdge, recorded: InputMark, group: PartitionSet
    ) -> StaleCause:
        stale = PartitionSet.of_ordinals(
            ordinal
            for ordinal in group.ordinals()
            if not self.old_mark(
                edge.name, recorded.mark, self._window(model, edge, PartitionSet.single(ordinal))
            )
        )
        return StaleCause(stale, Cause.INPUT_CHANGED, edge.name)

    def _window(self, model: str, edge: InputEdge, partitions: PartitionSet) -> PartitionSet:
        if edge.through_view:
            return self.reads.horizons[edge.name].partitions
        return self.reads.upstream_of(model, edge.name, partitions)

    def _touching(
        self, model: str, edge: InputEdge, changed: PartitionSet, group: PartitionSet
    ) -> PartitionSet:
        """Of `group` the partitions that read any of `changed`."""
        if not changed:
            return changed
        if edge.through_view or not self.reads.has_edge(model, edge.name):
            return group
        return self.reads.touching(model, edge.name, changed) & group


def _joined(causes: Iterable[StaleCause]) -> Sequence[StaleCause]:
    """One cause for all of the same code and input, in order of code."""
    joined: dict[Cause, StaleCause] = {}
    for cause in causes:
        known = joined.get(cause.code)
        joined[cause.code] = cause if known is None else known.joined(cause)
    return [joined[code] for code in sorted(joined)]
