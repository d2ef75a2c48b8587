"""What a spec comes to for one partitioning: data only."""

from __future__ import annotations

from enum import StrEnum

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.terms import StateWord


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSets:
    """The partitions of a model in each state; due, and inside `begin` to `end`."""

    missing: PartitionSet = field(default_factory=PartitionSet)
    stale: PartitionSet = field(default_factory=PartitionSet)
    failed: PartitionSet = field(default_factory=PartitionSet)

    def of(self, state: StateWord) -> PartitionSet:
        match state:
            case StateWord.MISSING:
                return self.missing
            case StateWord.STALE:
                return self.stale
            case StateWord.FAILED:
                return self.failed


class Outcome(StrEnum):
    """Whether a spec applies to a partitioning; what follows from that over several is the caller's.

    OUT_OF_RANGE: all it names lies outside `begin` to `end`, is not due, or starts in the future.
    NOT_THAT_KIND: a term cannot be read for this kind. UNBOUNDED: it needs a `begin` or an `end`.
    """

    OK = "OK"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    NOT_THAT_KIND = "NOT_THAT_KIND"
    UNBOUNDED = "UNBOUNDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a spec chose; the four sets are disjoint.

    `requested` was named by date, key, number, `all` or `last:N`, the others only by their state.
    Where `outcome` is not OK all are empty and `diagnostic` says why. `valid` is the range that can
    be named, as text.
    """

    valid: str
    requested: PartitionSet = field(default_factory=PartitionSet)
    missing: PartitionSet = field(default_factory=PartitionSet)
    stale: PartitionSet = field(default_factory=PartitionSet)
    failed: PartitionSet = field(default_factory=PartitionSet)
    warnings: tuple[Diagnostic, ...] = ()
    outcome: Outcome = Outcome.OK
    diagnostic: Diagnostic | None = None

    @property
    def chosen(self) -> PartitionSet:
        return self.requested | self.missing | self.stale | self.failed
