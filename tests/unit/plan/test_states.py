"""States of partitions, from records and rows."""

from __future__ import annotations

from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.states import Recorded, Tracked, model_state
from sqlbackfill.plan.versions import VersionIndex
from tests.unit.plan.world import EMPTY, days


def record(fingerprint: str = "f", **inputs: str) -> Recorded:
    return Recorded(fingerprint, inputs, "v", "run")


def tracked(records: dict[int, Recorded], occupied: PartitionSet = EMPTY) -> Tracked:
    return Tracked(table_identity="t", records=records, occupied=occupied, failed=EMPTY)


FIRST, SECOND, THIRD = days(1, 3).ordinals()


def test_no_record_and_no_rows_is_missing_and_rows_without_a_record_are_untracked():
    state = model_state(
        tracked({FIRST: record()}, occupied=days(2, 2)),
        due=days(1, 3),
        fingerprint="f",
        inputs_now=lambda _: {},
    )
    assert (state.built, state.untracked, state.missing) == (days(1, 1), days(2, 2), days(3, 3))


def test_another_fingerprint_or_another_input_version_is_stale_with_its_cause():
    state = model_state(
        tracked({FIRST: record("old"), SECOND: record(up="1"), THIRD: record(up="2")}),
        due=days(1, 3),
        fingerprint="f",
        inputs_now=lambda _: {"up": "2"},
    )
    assert (state.stale, state.built) == (days(1, 2), days(3, 3))
    assert [(c.code, c.input, c.partitions) for c in state.causes] == [
        ("CODE_CHANGED", None, days(1, 1)),
        ("INPUT_CHANGED", "up", days(2, 2)),
    ]


def test_a_digest_changes_with_any_version_and_with_a_partition_that_goes_missing():
    index = VersionIndex({FIRST: "a", SECOND: "b", THIRD: "c"})
    same = VersionIndex({THIRD: "c", FIRST: "a", SECOND: "b"})
    assert index.digest(days(1, 3)) == same.digest(days(1, 3))
    others = [
        VersionIndex({FIRST: "a", SECOND: "b", THIRD: "d"}),
        VersionIndex({FIRST: "a", SECOND: "b"}),
        VersionIndex({FIRST: "b", SECOND: "a", THIRD: "c"}),
    ]
    digests = {other.digest(days(1, 3)) for other in others}
    assert len(digests | {index.digest(days(1, 3))}) == 4


def test_a_digest_follows_what_is_put_in_any_order():
    index = VersionIndex({})
    for ordinal, version in ((SECOND, "b"), (THIRD, "c"), (FIRST, "a"), (SECOND, "x")):
        index.put(ordinal, version)
        index.digest(days(1, 3))
    assert index.digest(days(1, 3)) == VersionIndex({FIRST: "a", SECOND: "x", THIRD: "c"}).digest(
        days(1, 3)
    )
