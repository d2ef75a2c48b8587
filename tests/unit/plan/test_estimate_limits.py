"""Limits against the high end, and increases against a baseline."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.plan.estimate_limits import (
    MAX_BYTES,
    MAX_COST,
    Costed,
    changes,
    check_increase,
    check_limit,
)
from sqlbackfill.plan.types import Estimate, Spread


def costed(scan_bytes: float | None, fingerprint: str = "f", partitions: int = 10) -> Costed:
    spread = None if scan_bytes is None else Spread(0, scan_bytes / 2, scan_bytes)
    return Costed(
        partition_count=partitions,
        fingerprint=fingerprint,
        estimate=Estimate(scan_bytes=spread, cost_usd=Spread(0, 0, 0)),
    )


def test_the_sum_of_the_high_ends_is_compared() -> None:
    models = {"a": costed(60), "b": costed(50)}

    kept = check_limit(MAX_BYTES, 110, models, allow_unknown=False, withheld=None)
    exceeded = check_limit(MAX_BYTES, 109, models, allow_unknown=False, withheld=None)

    assert not kept.exceeded
    assert exceeded.exceeded
    assert (exceeded.value, exceeded.model) == (110, "a")


def test_one_unknown_exceeds_any_limit_unless_it_is_allowed() -> None:
    models = {"a": costed(60), "b": costed(None)}

    refused = check_limit(MAX_BYTES, 1e18, models, allow_unknown=False, withheld=None)
    allowed = check_limit(MAX_BYTES, 100, models, allow_unknown=True, withheld=None)

    assert refused.exceeded
    assert (refused.value, refused.model) == (None, "b")
    assert not allowed.exceeded
    assert not check_limit(MAX_COST, 0, models, allow_unknown=False, withheld=None).exceeded


def test_what_the_plan_left_out_is_unknown() -> None:
    found = check_limit(MAX_BYTES, 1e18, {"a": costed(1)}, allow_unknown=False, withheld="b")

    assert found.exceeded
    assert found.model == "b"


def test_the_same_code_is_no_change_whatever_its_estimate() -> None:
    before = {"a": costed(10)}

    [change] = changes({"a": costed(1000)}, before)

    assert change.is_same
    assert change.percent == 0
    assert not check_increase(0, (change,), before, allow_unknown=False).exceeded


def test_other_code_is_compared_by_as_many_partitions() -> None:
    before = {"a": costed(100, "old", partitions=10)}

    [change] = changes({"a": costed(60, "new", partitions=5)}, before)

    assert change.percent == 20
    assert check_increase(19, (change,), before, allow_unknown=False).model == "a"
    assert not check_increase(20, (change,), before, allow_unknown=False).exceeded


def test_a_model_whose_bytes_are_not_known_any_more_exceeds_every_increase() -> None:
    before = {"a": costed(100, "old")}
    for now in (
        Costed(partition_count=10, fingerprint="new", estimate=Estimate()),
        costed(None, "new"),  # on a machine where nothing costs money
    ):
        found = changes({"a": now}, before)

        assert check_increase(1e9, found, before, allow_unknown=False).exceeded
        assert not check_increase(1e9, found, before, allow_unknown=True).exceeded


def test_a_new_model_of_which_nothing_is_known_exceeds_every_increase() -> None:
    before = {"a": costed(100)}
    found = changes({"a": costed(100), "b": costed(None)}, before)

    assert check_increase(1e9, found, before, allow_unknown=False).model == "b"
    assert not check_increase(1e9, found, before, allow_unknown=True).exceeded


def test_a_new_model_beside_one_whose_size_was_not_known_exceeds_every_increase() -> None:
    before = {"a": costed(None)}
    found = changes({"a": costed(None), "b": costed(1e12)}, before)

    assert check_increase(10, found, before, allow_unknown=False).model == "a"
    same = changes({"a": costed(None)}, before)
    assert not check_increase(10, same, before, allow_unknown=False).exceeded


def test_new_models_are_held_against_what_is_known_of_the_others() -> None:
    before = {"a": costed(100), "u": costed(None)}
    found = changes({"u": costed(None), "b": costed(50)}, before)

    assert check_increase(49, found, before, allow_unknown=False).model == "b"
    assert not check_increase(50, found, before, allow_unknown=False).exceeded


def test_what_the_plan_left_out_exceeds_every_increase_too() -> None:
    before = {"a": costed(100)}
    found = changes({"a": costed(100)}, before)

    limit = check_increase(10, found, before, allow_unknown=False, withheld="w")

    assert (limit.exceeded, limit.model) == (True, "w")


def test_new_models_count_in_the_whole() -> None:
    before = {"a": costed(100), "b": costed(100)}
    found = changes({"a": costed(100), "c": costed(50)}, before)

    assert check_increase(24, found, before, allow_unknown=False).model == "c"
    assert not check_increase(25, found, before, allow_unknown=False).exceeded


@given(sizes=st.lists(st.floats(0, 1e12), min_size=1, max_size=6), limit=st.floats(0, 1e13))
def test_a_kept_limit_holds_every_model_and_their_sum(sizes: list[float], limit: float) -> None:
    models = {f"m{at}": costed(size) for at, size in enumerate(sizes)}

    found = check_limit(MAX_BYTES, limit, models, allow_unknown=False, withheld=None)

    assert found.exceeded == (sum(sizes) > limit)
    assert found.model is not None
    assert models[found.model].estimate.scan_bytes is not None
    assert max(sizes) == models[found.model].estimate.scan_bytes.high
