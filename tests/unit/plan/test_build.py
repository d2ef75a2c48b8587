"""What a request means: which partitions, why, in which order, in which queries."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.plan.candidates import PlanRequest
from sqlbackfill.plan.strategy import AUTO, choose, parse_strategy
from tests.unit.plan.world import World, chosen, daily, days, weekly, window

SAME = window(0, 0)
CHAIN = {"a": {}, "b": {"a": SAME}, "c": {"b": window(-6, 0)}}


def request(*names: str, spec: str | None = None, **more: object) -> PlanRequest:
    return PlanRequest(
        named=frozenset(names),
        is_selected_by_name=True,
        spec=parse_spec([spec]) if spec else None,
        **more,  # type: ignore[arg-type]
    )


def test_named_partitions_are_rebuilt_whatever_their_state():
    world = World(CHAIN, built={"a": days(1, 31)})
    plan = world.plan(request("a", spec="2013-01-05..2013-01-07"))
    assert chosen(plan) == {("a", "requested"): days(5, 7)}


def test_without_partitions_the_missing_and_the_stale_are_taken():
    world = World({"a": {}}, built={"a": days(1, 20)}, stale={"a": days(21, 25)})
    plan = world.plan(request("a"))
    assert chosen(plan) == {("a", "missing"): days(26, 31), ("a", "stale"): days(21, 25)}


def test_a_date_means_the_week_that_holds_it_in_a_weekly_model():
    world = World(
        {"a": {}, "w": {"a": SAME}}, built={"a": days(1, 31)}, partitionings={"w": weekly()}
    )
    plan = world.plan(request("w", spec="2013-01-09"))
    (step,) = plan.steps
    assert weekly().label_set(step.partitions) == "2013-01-07"


def test_upstream_takes_what_is_read_of_it():
    world = World(CHAIN, built={"a": days(1, 31), "b": days(1, 31)})
    plan = world.plan(request("c", spec="2013-01-10", upstream=frozenset({"a", "b"})))
    assert chosen(plan) == {
        ("a", "requested"): days(4, 10),
        ("b", "requested"): days(4, 10),
        ("c", "requested"): days(10, 10),
    }


def test_downstream_takes_what_touches_the_chosen_if_it_is_there():
    world = World(CHAIN, built={"a": days(1, 31), "b": days(1, 31), "c": days(1, 9)})
    plan = world.plan(request("a", spec="2013-01-05", downstream=frozenset({"b", "c"})))
    assert chosen(plan) == {
        ("a", "requested"): days(5, 5),
        ("b", "requested"): days(5, 5),
        ("c", "requested"): days(5, 5),
        ("c", "downstream"): days(6, 9),
    }


def test_holes_upstream_are_filled_where_their_model_is_selected():
    world = World(CHAIN, built={"a": days(1, 31), "b": days(1, 7)})
    plan = world.plan(request("b", "c", spec="2013-01-10"))
    assert chosen(plan) == {
        ("b", "requested"): days(10, 10),
        ("b", "fill"): days(8, 9),
        ("c", "requested"): days(10, 10),
    }


def test_holes_upstream_block_the_reader_where_their_model_is_not_selected():
    world = World(CHAIN, built={"b": days(1, 9)})
    plan = world.plan(request("c", spec="2013-01-08..2013-01-20"))
    assert chosen(plan) == {("c", "requested"): days(8, 9)}
    (blocked,) = plan.blocked
    assert (blocked.model, blocked.partitions) == ("c", days(10, 20))
    assert blocked.by == (("b", days(10, 20)),)
    assert blocked.fix is not None
    assert "sqlbackfill run -s b -p 2013-01-10..2013-01-20" in blocked.fix


def test_missing_upstream_build_fills_models_that_are_not_selected():
    world = World(CHAIN)
    plan = world.plan(request("c", spec="2013-01-08", missing_upstream="build"))
    assert chosen(plan) == {
        ("a", "fill"): days(2, 8),
        ("b", "fill"): days(2, 8),
        ("c", "requested"): days(8, 8),
    }
    assert not plan.blocked


def test_partitions_before_an_upstream_begins_count_as_empty_not_as_missing():
    world = World(
        {"b": {}, "c": {"b": window(-6, 0)}},
        built={"b": days(10, 31)},
        partitionings={"b": daily(begin=10)},
    )
    plan = world.plan(request("c", spec="2013-01-03..2013-01-12"))
    assert chosen(plan) == {("c", "requested"): days(3, 12)}
    assert not plan.blocked


def test_a_model_that_reads_its_own_past_fills_it_down_to_its_beginning():
    world = World({"s": {"s": window(-1, -1)}}, built={"s": days(1, 3)})
    plan = world.plan(request("s", spec="2013-01-08"))
    assert chosen(plan) == {("s", "fill"): days(4, 7), ("s", "requested"): days(8, 8)}
    assert [step.reason.value for step in plan.steps] == ["fill", "requested"]
    assert all(len(chunk.partitions) == 1 for step in plan.steps for chunk in step.chunks)


def test_what_a_plan_by_state_makes_stale_is_rebuilt_by_the_same_plan():
    everything = days(1, 31)
    world = World(
        CHAIN,
        built={"a": everything - days(5, 5), "b": everything, "c": everything},
        stale={"a": days(5, 5)},
    )
    plan = world.plan(request("a", "b", "c"))
    assert chosen(plan) == {
        ("a", "stale"): days(5, 5),
        ("b", "downstream"): days(5, 5),
        ("c", "downstream"): days(5, 11),
    }


def test_untracked_partitions_are_rebuilt_only_when_named():
    world = World({"a": {}}, untracked={"a": days(1, 10)})
    assert chosen(world.plan(request("a"))) == {("a", "missing"): days(11, 31)}
    plan = world.plan(request("a", spec="2013-01-05"))
    assert chosen(plan) == {("a", "requested"): days(5, 5)}


def test_a_plan_says_what_it_reads_although_it_is_stale_and_what_becomes_stale():
    everything = days(1, 31)
    world = World(
        CHAIN,
        built={"b": everything, "c": everything},
        stale={"a": days(5, 5)},
        untracked={"a": everything - days(5, 5)},
    )
    plan = world.plan(request("b", spec="2013-01-05"))
    codes = {(w.code, w.model) for w in plan.warnings}
    assert ("STALE_UPSTREAM", "b") in codes
    assert ("BECOMES_STALE", "c") in codes
    (stale,) = [w for w in plan.warnings if w.code == "BECOMES_STALE"]
    assert "2013-01-05..2013-01-11" in stale.message


def test_partitions_outside_one_model_skip_it_and_outside_all_are_an_error():
    world = World({"a": {}, "b": {}}, partitionings={"b": daily(end=5)})
    plan = world.plan(request("a", "b", spec="2013-01-20"))
    assert [(item.model, item.code) for item in plan.skipped] == [("b", "OUT_OF_RANGE")]
    with pytest.raises(UsageError) as caught:
        world.plan(request("b", spec="2013-01-20"))
    assert caught.value.diagnostics[0].code == "OUT_OF_RANGE"


@pytest.mark.parametrize(
    ("strategy", "sizes"),
    [("range", [10]), ("chunk=4", [4, 4, 2]), ("partition", [1] * 10), ("chunk=week", [6, 4])],
)
def test_strategies_cut_the_partitions_into_queries(strategy, sizes):
    world = World({"a": {}})
    wanted = request("a", spec="2013-01-01..2013-01-10", strategy=parse_strategy(strategy))
    (step,) = world.plan(wanted).steps
    assert [len(chunk.partitions) for chunk in step.chunks] == sizes
    assert step.strategy == strategy


def test_a_gap_is_never_bridged_by_a_chunk():
    world = World({"a": {}}, built={"a": days(4, 5)})
    (step,) = world.plan(request("a", strategy=parse_strategy("chunk=100"))).steps
    assert [chunk.partitions for chunk in step.chunks] == [days(1, 3), days(6, 31)]


def test_a_strategy_that_a_model_does_not_allow_gives_way_with_a_warning_or_is_an_error():
    world = World({"a": {}}, allowed=("partition",))
    asked = request("a", spec="2013-01-01..2013-01-03", strategy=parse_strategy("range"))
    plan = world.plan(asked)
    assert plan.steps[0].strategy == "partition"
    assert [w.code for w in plan.warnings] == ["STRATEGY_NOT_ALLOWED"]
    strict = request("a", spec="2013-01-01", strategy=parse_strategy("range"), is_strict=True)
    with pytest.raises(UsageError) as caught:
        world.plan(strict)
    assert caught.value.diagnostics[0].code == "STRATEGY_NOT_ALLOWED"


@pytest.mark.parametrize("text", ["fast", "chunk", "chunk=0", "chunk=-1", "range=3", ""])
def test_a_strategy_that_cannot_be_read_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_strategy(text)
    assert caught.value.diagnostics[0].code == "INVALID_STRATEGY"


def test_the_same_world_gives_the_same_plan_and_another_gives_another_id():
    world = World(CHAIN, built={"a": days(1, 31)})
    wanted = request("a", "b", "c", spec="2013-01-10")
    first, second = world.plan(wanted), world.plan(wanted)
    assert first == second
    assert first.plan_id != world.plan(request("a", spec="2013-01-10")).plan_id


def test_each_partition_stands_in_one_step_of_its_model():
    world = World(CHAIN, stale={"b": days(3, 9)})
    plan = world.plan(request("b", "c", spec="2013-01-05", missing_upstream="build"))
    seen: dict[str, PartitionSet] = {}
    for step in plan.steps:
        assert not (step.partitions & seen.get(step.model, PartitionSet.empty()))
        seen[step.model] = seen.get(step.model, PartitionSet.empty()) | step.partitions


@pytest.mark.parametrize(
    ("allowed", "asked", "taken", "warns"),
    [
        (("range", "chunk", "partition"), "auto", "range", False),
        (("range", "chunk", "partition"), "chunk=5", "chunk=5", False),
        (("partition",), "auto", "partition", False),
        (("partition",), "chunk=5", "partition", True),
        (("range",), "auto", "range", False),
        (("range",), "partition", "range", True),
        (("range",), "chunk=5", "range", True),
        ((), "range", "partition", True),
    ],
)
def test_the_nearest_allowed_strategy_is_taken(allowed, asked, taken, warns):
    world = World({"a": {}}, allowed=allowed)
    plan = world.plan(request("a", spec="2013-01-01..2013-01-10", strategy=parse_strategy(asked)))
    assert plan.steps[0].strategy == taken
    assert [w.code for w in plan.warnings] == (["STRATEGY_NOT_ALLOWED"] if warns else [])


def test_where_only_one_query_is_right_max_chunk_does_not_cut_it():
    assert str(choose(AUTO, ("range",), why_not=None, max_chunk=3).strategy) == "range"
    everything = ("range", "chunk", "partition")
    assert str(choose(AUTO, everything, why_not=None, max_chunk=3).strategy) == "chunk=3"
