"""Which failed partitions still stand as failed: what later attempts and records take away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlbackfill.ledger.records import Failure
from sqlbackfill.partitions.partition_set import PartitionSet
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
    recorded: Mapping[Place, Iterable[tuple[int, int]]],
) -> dict[Relation, list[Failure]]:
    """Failures as ranges by relation, ordered by space and start; the last attempt of each counts.

    `recorded` has, by relation and space, (ordinal, number of its newest record): a record newer
    than the failure takes it away.
    """
    tried_since: dict[Place, PartitionSet] = {}
    found: dict[Relation, list[Failure]] = {}
    for attempt in sorted(attempts, key=lambda each: each.seq, reverse=True):
        failure = attempt.failure
        place = (attempt.relation, failure.space)
        span = PartitionSet.span(failure.start, failure.end)
        mended = PartitionSet.of_ordinals(
            ordinal for ordinal, seq in recorded.get(place, ()) if seq > attempt.log_seq
        )
        later = tried_since.get(place, PartitionSet.empty())
        tried_since[place] = later | span
        for start, end in (span - later - mended).ranges:
            found.setdefault(attempt.relation, []).append(_cut(failure, start, end))
    for failures in found.values():
        failures.sort(key=lambda each: (each.space, each.start))
    return found


def _cut(failure: Failure, start: int, end: int) -> Failure:
    return Failure(
        space=failure.space,
        start=start,
        end=end,
        code=failure.code,
        message=failure.message,
        run_id=failure.run_id,
        finished_at=failure.finished_at,
    )
