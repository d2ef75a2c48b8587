"""Which way to cut a step is the cheapest, and what the choice says of itself."""

from __future__ import annotations

from datetime import date

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import TimePartitioning
from sqlbackfill.plan.build import build_plan
from sqlbackfill.plan.candidates import PlanRequest
from sqlbackfill.plan.chunk_choice import Outlook, cheapest
from sqlbackfill.plan.chunk_cost import Basis, ChunkCost, ModelCost
from sqlbackfill.plan.strategy import SAME_ROWS, cut, parse_strategy
from tests.unit.plan.world import AS_OF, World, days

DAYS = TimePartitioning(
    grain=Grain.parse("day"), column_type=BoundType.DATE, begin=date(2010, 1, 1)
)
YEARS = PartitionSet.span(DAYS.ordinal(date(2013, 1, 1)), DAYS.ordinal(date(2015, 1, 1)))
FLAT = ChunkCost(fixed_s=0.01, each_s=0.01)
GROWING = ChunkCost(fixed_s=0.5, each_s=0.1, growth_s=0.05)


def outlook(curve: ChunkCost, basis: Basis = Basis.HISTORY, **more: object) -> Outlook:
    return Outlook(cost=ModelCost(curve=curve, basis=basis, factor=1.5), **more)  # type: ignore[arg-type]


def chosen(curve: ChunkCost, *, max_chunk: int | None = None, **more: object) -> str:
    return str(cheapest(YEARS, DAYS, outlook(curve, **more), max_chunk=max_chunk).strategy)


def test_one_query_where_company_costs_nothing():
    assert chosen(FLAT) == "range"
    assert chosen(ChunkCost(fixed_s=0, each_s=1.0)) == "range"


def test_more_queries_where_company_costs_more_than_they_do():
    names = ("range", "chunk=year", "chunk=quarter", "chunk=month", "chunk=week", "partition")
    found_at_all = set()
    for fixed_s in (0.001, 0.01, 0.5, 2.0, 50.0, 1e6):
        curve = ChunkCost(fixed_s=fixed_s, each_s=0.1, growth_s=0.05)
        found = chosen(curve)
        costs = {name: sum(curve.seconds(c.end - c.start) for c in cut_as(name)) for name in names}
        found_at_all.add(found)
        assert costs[found] <= min(costs.values()) * 1.06 + 0.5
    assert {"partition", "chunk=week", "range"} <= found_at_all


def cut_as(strategy: str):
    return cut(YEARS, parse_strategy(strategy), DAYS)


def test_a_little_saved_is_not_worth_more_queries():
    tiny = ChunkCost(fixed_s=0.0001, each_s=0.0001, growth_s=0.00001)
    found = cheapest(YEARS, DAYS, outlook(tiny), max_chunk=None)
    assert (str(found.strategy), found.because) == ("range", SAME_ROWS)


def test_nothing_is_larger_than_what_fits_or_than_max_chunk():
    assert chosen(FLAT, most=31, why_most="so") == "chunk=month"
    assert chosen(FLAT, most=30, why_most="so") == "chunk=30"
    assert chosen(FLAT, most=5000, why_most="so") == "range"
    assert chosen(FLAT, max_chunk=100) == "chunk=quarter"
    assert chosen(FLAT, max_chunk=300) == "chunk=300"
    assert chosen(FLAT, max_chunk=100, most=7, why_most="so") == "chunk=week"
    assert chosen(FLAT, most=1, why_most="so") == "partition"


def test_the_reason_tells_the_costs_and_what_ruled_others_out():
    because = cheapest(
        YEARS, DAYS, outlook(FLAT, most=31, why_most="more ran out of memory"), max_chunk=400
    ).because
    assert because == (
        "the cheapest by its history with 7.5 s; week 8.3 s, partition 15 s; "
        "max_chunk is 400; no more than 31 at once: more ran out of memory"
    )
    guess = cheapest(YEARS, DAYS, outlook(GROWING, Basis.EXPLAIN), max_chunk=None).because
    assert guess.startswith("the cheapest by the statistics of what it reads; range ×")


def test_partitions_without_a_calendar_are_cut_by_number():
    blocks = IntegerPartitioning(size=10, begin=0, end=10_000)
    found = cheapest(PartitionSet.span(0, 1000), blocks, outlook(GROWING), max_chunk=None)
    assert str(found.strategy) in {"chunk=4", "chunk=16"}


def test_the_same_arguments_give_the_same_choice():
    assert cheapest(YEARS, DAYS, outlook(GROWING), max_chunk=None) == cheapest(
        YEARS, DAYS, outlook(GROWING), max_chunk=None
    )


@pytest.mark.parametrize(
    ("allowed", "asked", "strategy"),
    [
        (("range", "chunk", "partition"), None, "chunk=week"),
        (("range", "chunk", "partition"), "range", "range"),
        (("range",), None, "range"),
        (("partition",), None, "partition"),
    ],
)
def test_cost_chooses_only_where_nobody_asked_and_every_way_is_right(allowed, asked, strategy):
    world = World({"a": {}}, allowed=allowed)
    told: list[dict[str, PartitionSet]] = []

    def outlooks(wanted):
        told.append(dict(wanted))
        return {name: outlook(ChunkCost(fixed_s=0.5, each_s=0.1, growth_s=0.1)) for name in wanted}

    plan = build_plan(
        {"a": world.candidate("a")},
        world.reads,
        PlanRequest(named=frozenset({"a"}), strategy=parse_strategy(asked) if asked else None),
        as_of=AS_OF,
        target="dev",
        digest=str,
        outlooks=outlooks,
    )
    (step,) = plan.steps
    assert step.strategy == strategy
    is_open = asked is None and len(allowed) == 3
    assert told == [{"a": days(1, 31)} if is_open else {}]
