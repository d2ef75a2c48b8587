"""What a run goes by when it cuts chunks anew: the plan's own figures, and which models stay as planned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sqlbackfill.app.plan import Planned, PlanRequest, plan, plan_from_text
from sqlbackfill.app.run_sizings import RunSizings
from sqlbackfill.plan.sizing import Sizing
from tests.e2e.world import SOURCE, World

TIED = f"select day, v, row_number() over (order by k) as n from {SOURCE} qualify n <= 7"
OWN = f"select day, v from {SOURCE} union all select day + 1, v from {{{{ this }}}} where v < 3"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.days_of_source()
    world.model("days", f"select day, v from {SOURCE}", max_chunk=2)
    world.model("tied", TIED)
    world.model("own", OWN)
    return world


def sizings(planned: Planned) -> dict[str, Sizing | None]:
    asked = RunSizings(planned)
    found = {step.model: asked.of(step.model) for step in planned.plan.steps}
    planned.prepared.workspace.loaded.adapter.close()
    return found


def test_a_run_knows_what_its_plan_knew_and_leaves_fixed_chunks_alone(world: World) -> None:
    planned = plan(world.options, PlanRequest(partitions=("2024-03",)))
    found = sizings(planned)
    days = found["days"]
    assert days is not None
    assert days.most == 2
    assert days.cost is not None
    assert found["own"] is None
    assert found["tied"] is None
    assert planned.models["tied"].is_never_cut
    assert not planned.models["days"].is_never_cut


def test_a_saved_plan_gives_a_run_the_same(world: World) -> None:
    fresh = plan(world.options, PlanRequest(partitions=("2024-03",)))
    text = json.dumps(fresh.document)
    expected = sizings(fresh)
    assert sizings(plan_from_text(world.options, text, file="plan.json")) == expected
