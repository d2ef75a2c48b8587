"""What a plan does with models that read some of their own earlier partitions."""

from __future__ import annotations

from dataclasses import replace

from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.paths import DAY_US, Op, Origin, Path, Step
from sqlbackfill.partitions.terms import parse_spec
from sqlbackfill.plan.candidates import PlanRequest
from tests.unit.plan.world import World, chosen, days, window

YESTERDAY = window(-1, -1)
LAST_WEEK = window(-7, -7)
PAST = window(None, -1)


def _until_start(first: int, last: int) -> ReadWindow:
    """As `window`, its upper end following the start, as that of `day = partition.start` does."""
    shift = (Step(Op.SHIFT, (last + 1) * DAY_US),)
    return replace(window(first, None), upper=((Path(Origin.LO, shift),),))


def _request(spec: str) -> PlanRequest:
    return PlanRequest(
        named=frozenset(["total"]), is_selected_by_name=True, spec=parse_spec([spec])
    )


def test_a_chain_is_filled_back_to_the_last_partition_that_is_there() -> None:
    world = World({"total": {"total": YESTERDAY}}, built={"total": days(1, 5)})
    assert chosen(world.plan(_request("2013-01-09"))) == {
        ("total", "fill"): days(6, 8),
        ("total", "requested"): days(9, 9),
    }


def test_nothing_is_filled_that_is_not_read() -> None:
    world = World({"total": {"total": LAST_WEEK}}, built={"total": days(2, 2)})
    assert chosen(world.plan(_request("2013-01-09"))) == {("total", "requested"): days(9, 9)}


def test_the_whole_past_is_filled_where_it_is_read() -> None:
    world = World({"total": {"total": PAST}}, built={"total": days(1, 2)})
    assert chosen(world.plan(_request("2013-01-09"))) == {
        ("total", "fill"): days(3, 8),
        ("total", "requested"): days(9, 9),
    }


def test_every_day_of_a_chain_is_blocked_by_its_own_missing_input() -> None:
    flights = _until_start(0, 0)
    world = World({"flights": {}, "total": {"flights": flights, "total": _until_start(-1, -1)}})
    plan = world.plan(_request("2013-01-03..2013-01-05"))
    assert chosen(plan) == {}
    (blocked,) = plan.blocked
    assert blocked.partitions == days(1, 5)
    assert blocked.by == (("flights", days(1, 5)),)


def test_a_day_without_input_blocks_the_days_that_build_on_it() -> None:
    world = World(
        {"flights": {}, "total": {"flights": window(0, 0), "total": YESTERDAY}},
        built={"flights": days(1, 3) | days(5, 31), "total": days(1, 2)},
    )
    plan = world.plan(_request("2013-01-03..2013-01-06"))
    assert chosen(plan) == {("total", "requested"): days(3, 3)}
    (blocked,) = plan.blocked
    assert blocked.partitions == days(4, 6)
    assert blocked.by == (("flights", days(4, 4)),)


def test_a_restated_day_makes_stale_only_the_days_that_build_on_it() -> None:
    world = World({"total": {"total": LAST_WEEK}}, built={"total": days(1, 31)})
    plan = world.plan(replace(_request("2013-01-09"), downstream=frozenset(["total"])))
    assert chosen(plan) == {
        ("total", "requested"): days(9, 9),
        ("total", "downstream"): days(16, 16) | days(23, 23) | days(30, 30),
    }
