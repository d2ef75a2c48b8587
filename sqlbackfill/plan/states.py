"""The state of every partition of a model: missing, untracked, stale or built, and failed beside it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.records import Island
from sqlbackfill.partitions.partition_set import PartitionSet

_NONE = PartitionSet()


class Cause(StrEnum):
    """Why recorded partitions are stale."""

    CODE_CHANGED = "CODE_CHANGED"
    READ_WINDOW_WIDENED = "READ_WINDOW_WIDENED"
    INPUT_CHANGED = "INPUT_CHANGED"
    SOURCE_CHANGED = "SOURCE_CHANGED"
    INPUT_VERSION_UNKNOWN = "INPUT_VERSION_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What the ledger and the table say of one model.

    `records` holds only valid records: of this table's identity and this key space, disjoint and
    ascending, by today's ordinals. `occupied` are the partitions without a record of which the
    table holds rows. `void_code` is TABLE_GONE or TABLE_REPLACED where records exist but the table
    that they describe does not, GRAIN_CHANGED where they are of other partitions.
    """

    table_identity: str | None
    records: Sequence[Island]
    occupied: PartitionSet
    failed: PartitionSet
    void_code: str | None = None

    @property
    def recorded(self) -> PartitionSet:
        return PartitionSet.of((island.start, island.end) for island in self.records)


@dataclass(frozen=True, slots=True)
class StaleCause:
    """Why partitions are stale; `input` names which, `changed` the partitions of it, if known.

    `runs` are those that wrote them. What `is_held` is rebuilt only when asked for (on_change).
    """

    partitions: PartitionSet
    code: Cause
    input: str | None
    changed: PartitionSet = _NONE
    runs: tuple[str, ...] = ()
    is_held: bool = False

    def joined(self, other: StaleCause) -> StaleCause:
        """Both as one, of the same code and input."""
        return replace(
            self,
            partitions=self.partitions | other.partitions,
            changed=self.changed | other.changed,
            runs=tuple(sorted({*self.runs, *other.runs})),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """Disjoint states of the partitions up to now; `failed` may overlap any of them."""

    built: PartitionSet
    missing: PartitionSet
    untracked: PartitionSet
    stale: PartitionSet
    failed: PartitionSet
    causes: tuple[StaleCause, ...]

    @property
    def held(self) -> PartitionSet:
        """Of the stale ones those that are so only for inputs whose changes are not restated."""
        return PartitionSet.of(
            span for cause in self.causes if cause.is_held for span in cause.partitions.ranges
        )

    @property
    def present(self) -> PartitionSet:
        """What an upstream may be read from: there are rows or a record of having none."""
        return self.built | self.stale | self.untracked


def model_state(tracked: Tracked, *, due: PartitionSet, causes: Sequence[StaleCause]) -> ModelState:
    """The states of a model's partitions; `due` bounds what may be missing."""
    stale = PartitionSet.of(span for cause in causes for span in cause.partitions.ranges)
    recorded = tracked.recorded
    untracked = tracked.occupied - recorded
    return ModelState(
        built=recorded - stale,
        missing=due - recorded - untracked,
        untracked=untracked,
        stale=stale,
        failed=tracked.failed,
        causes=tuple(causes),
    )
