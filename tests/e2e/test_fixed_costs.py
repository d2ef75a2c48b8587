"""A chunk with a bad row is taken apart, unless each part would scan what the whole did."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from sqlbackfill.app.plan import PlanRequest
from sqlbackfill.app.run import RunOptions, run
from tests.e2e.world import SOURCE, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.execute(
        "create schema raw",
        "create table raw.rows as select date '2024-03-01' + i::int as day, i::varchar as v"
        " from range(10) as r(i)",
    )
    world.source(event_time="day")
    world.model("seen", f"select day, cast(v as integer) as v from {SOURCE}")
    world.run("2024-03-01")
    world.run("2024-03-01..2024-03-08")
    return world


def built_beside_a_bad_day(world: World) -> int:
    world.execute("update raw.rows set v = 'bad' where day = '2024-03-05'")
    gc.collect()
    request = PlanRequest(partitions=("2024-03-01..2024-03-08",), strategy="range")
    result = run(world.options, request, None, RunOptions(yes=True), None, lambda _event: None)
    assert result.exit_code == 1
    return sum(model.partitions_built for model in result.models)


def remember(world: World, *, one: float, eight: float) -> None:
    """As if chunks of one and of eight days had taken so many seconds."""
    world.execute(
        f"update sqlbackfill.partition_log set seconds = case end_ordinal - start_ordinal"
        f" when 1 then {one} else {eight} end"
    )


def test_a_bad_day_is_found_where_days_are_what_costs(world: World) -> None:
    remember(world, one=2.0, eight=16.0)
    assert built_beside_a_bad_day(world) == 7


def test_a_bad_day_is_not_looked_for_where_any_number_of_days_costs_the_same(world: World) -> None:
    remember(world, one=10.0, eight=11.0)
    assert built_beside_a_bad_day(world) == 0


def test_a_bad_day_is_found_where_all_costs_next_to_nothing(world: World) -> None:
    remember(world, one=0.010, eight=0.011)
    assert built_beside_a_bad_day(world) == 7
