"""States of partitions, from records and rows."""

from __future__ import annotations

from sqlbackfill.ledger.records import InputMark, Mark
from sqlbackfill.plan.old_digests import OldDigests
from sqlbackfill.plan.states import Cause, StaleCause, Tracked, model_state
from sqlbackfill.plan.versions import InputEdge, InputVersions
from tests.unit.plan.world import EMPTY, daily, days, island


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


def test_a_run_that_looks_again_records_what_stands_then_and_what_it_commits_itself():
    known = InputVersions({"down": (InputEdge("up"),)}, {"up": Mark(5, "t", "day")})
    known.look_again({"up": Mark(9, "u", "day")})
    assert known.inputs_of("down", days(1, 1)) == {"up": InputMark("9|u|day")}
    known.built("up", [island("up", days(1, 1), seq=12), island("up", days(2, 2), seq=11)])
    assert known.inputs_of("down", days(1, 1)) == {"up": InputMark(f"12|t|{daily().space}")}
