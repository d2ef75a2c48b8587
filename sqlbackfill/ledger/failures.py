"""Which failed partitions still stand as failed: what later attempts and records take away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.records import Failure
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.warehouse.protocol import Relation

Place = tuple[Relation, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """A chunk that failed. `log_seq` is the number of the newest record when it did."""

    relation: Relation
    failure: Failure
    seq: int
    log_seq: int


def standing_failures(
    attempts: Iterable[FailedAttempt],
    mended: Mapping[int, Iterable[OrdinalRange]],
) -> dict[Relation, list[Failure]]:
    """Failures as ranges by relation, ordered by space and start; the last attempt of each counts.

    `mended` has, by the attempt's `seq`, the partitions of which there are records newer than it.
    """
    tried_since: dict[Place, PartitionSet] = {}
    found: dict[Relation, list[Failure]] = {}
    for attempt in sorted(attempts, key=lambda each: each.seq, reverse=True):
        failure = attempt.failure
        place = (attempt.relation, failure.space)
        span = PartitionSet.span(failure.start, failure.end)
        later = tried_since.get(place, PartitionSet.empty())
        tried_since[place] = later | span
        left = span - later - PartitionSet.of(mended.get(attempt.seq, ()))
        for start, end in left.ranges:
            found.setdefault(attempt.relation, []).append(replace(failure, start=start, end=end))
    for failures in found.values():
        failures.sort(key=lambda each: (each.space, each.start))
    return found
