"""States of partitions, from records and rows."""

from __future__ import annotations

from sqlbackfill.plan.old_digests import OldDigests
from sqlbackfill.plan.states import Cause, StaleCause, Tracked, model_state
from tests.unit.plan.world import EMPTY, days, island


def test_no_record_and_no_rows_is_missing_and_rows_without_a_record_are_untracked():
    tracked = Tracked(
        table_identity="t", records=(island("m", days(1, 1)),), occupied=days(1, 2), failed=EMPTY
    )
    state = model_state(tracked, due=days(1, 3), causes=())
    assert (state.built, state.untracked, state.missing) == (days(1, 1), days(2, 2), days(3, 3))


def test_what_has_a_cause_is_stale_and_not_built():
    tracked = Tracked(
        table_identity="t", records=(island("m", days(1, 3)),), occupied=EMPTY, failed=EMPTY
    )
    cause = StaleCause(days(2, 2), Cause.CODE_CHANGED, None)
    state = model_state(tracked, due=days(1, 3), causes=[cause])
    assert (state.stale, state.built) == (days(2, 2), days(1, 1) | days(3, 3))
    assert state.present == days(1, 3)


FIRST, SECOND, THIRD = days(1, 3).ordinals()


def test_an_old_digest_changes_with_any_version_and_with_a_partition_that_goes_missing():
    known = OldDigests({FIRST: "a", SECOND: "b", THIRD: "c"})
    others = [
        OldDigests({FIRST: "a", SECOND: "b", THIRD: "d"}),
        OldDigests({FIRST: "a", SECOND: "b"}),
        OldDigests({FIRST: "b", SECOND: "a", THIRD: "c"}),
    ]
    digests = {other.digest(days(1, 3)) for other in others}
    assert len(digests | {known.digest(days(1, 3))}) == 4
