"""The state of every partition of a model: missing, untracked, stale or built, and failed beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlbackfill.partitions.partition_set import PartitionSet


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a partition's newest valid ledger record says that staleness depends on."""

    fingerprint: str
    inputs: Mapping[str, str]
    version: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What the ledger and the table say of one model.

    `records` holds only valid records: of this table's identity and this key space, by ordinal.
    `occupied` are the partitions without a record of which the table holds rows. `void_code` is
    TABLE_GONE or TABLE_REPLACED where records exist but the table that they describe does not.
    """

    table_identity: str | None
    records: Mapping[int, Recorded]
    occupied: PartitionSet
    failed: PartitionSet
    void_code: str | None = None


@dataclass(frozen=True, slots=True)
class StaleCause:
    """Why partitions are stale: `code` is CODE_CHANGED or INPUT_CHANGED, `input` names which."""

    partitions: PartitionSet
    code: str
    input: str | None


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
    def present(self) -> PartitionSet:
        """What an upstream may be read from: there are rows or a record of having none."""
        return self.built | self.stale | self.untracked


def model_state(
    tracked: Tracked,
    *,
    due: PartitionSet,
    fingerprint: str,
    inputs_now: Callable[[int], Mapping[str, str]],
) -> ModelState:
    """The states of a model's partitions; `due` bounds what may be missing.

    A record is stale if the model's code now has another fingerprint, or if an input that it
    recorded now has another version (design: States of a partition).
    """
    by_cause: dict[tuple[str, str | None], list[int]] = {}
    for ordinal, record in tracked.records.items():
        if record.fingerprint != fingerprint:
            by_cause.setdefault(("CODE_CHANGED", None), []).append(ordinal)
            continue
        now = inputs_now(ordinal)
        changed = next((name for name in now if record.inputs.get(name) != now[name]), None)
        if changed is not None:
            by_cause.setdefault(("INPUT_CHANGED", changed), []).append(ordinal)
    causes = tuple(
        StaleCause(PartitionSet.of_ordinals(ordinals), code, name)
        for (code, name), ordinals in sorted(by_cause.items(), key=lambda item: str(item[0]))
    )
    stale = PartitionSet.empty()
    for cause in causes:
        stale |= cause.partitions
    recorded = PartitionSet.of_ordinals(tracked.records)
    untracked = tracked.occupied - recorded
    return ModelState(
        built=recorded - stale,
        missing=due - recorded - untracked,
        untracked=untracked,
        stale=stale,
        failed=tracked.failed,
        causes=causes,
    )
