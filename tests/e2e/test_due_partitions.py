"""What is due, where partitions are named: years and months leave out what reads days to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sqlbackfill.app.plan import PlanRequest, plan
from tests.e2e.world import SOURCE, World

AHEAD = (
    f"select a.day, a.v, b.v as next from {SOURCE} as a join {SOURCE} as b"
    " on b.day between a.day and a.day + 2"
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.execute(
        "create schema raw",
        "create table raw.rows as select date '2024-01-01' + i::int as day, i % 2 as k, i as v"
        " from range(60) as r(i)",
    )
    world.source(event_time="day")
    at(world, "2024-02-16")
    return world


def at(world: World, day: str) -> None:
    world.options = replace(world.options, as_of=datetime.fromisoformat(day).replace(tzinfo=UTC))


def planned(world: World, name: str, *partitions: str) -> tuple[str, list[str]]:
    """The first and last partition of `name` that would be built, and the warnings' codes."""
    found = plan(world.options, PlanRequest(select=(name,), partitions=partitions), fills=False)
    found.prepared.workspace.loaded.adapter.close()
    [step] = found.plan.steps
    partitioning = found.models[name].partitioning
    keys = [partitioning.record_key(ordinal) for ordinal in step.partitions.ordinals()]
    return f"{keys[0]}..{keys[-1]}", [warning.code for warning in found.plan.warnings]


def months(world: World) -> None:
    """Days that read a month which is not over before they are."""
    world.model(
        "months",
        f"select date_trunc('month', day)::date as day, sum(v)::bigint as v from {SOURCE} group by 1",
        grain="month",
        begin="2024-01-01",
    )
    world.model(
        "days",
        f"select r.day, m.v from {SOURCE} as r join {{{{ ref('months') }}}} as m"
        " on m.day = date_trunc('month', r.day)::date",
    )
    for name in ("months", "days"):
        file = world.root / f"models/{name}.sql"
        file.write_text(file.read_text().replace("begin='2024-03-01'", "begin='2024-01-01'"))


def test_a_named_month_takes_no_day_of_which_the_month_that_it_reads_is_not_over(
    world: World,
) -> None:
    months(world)
    assert planned(world, "days") == ("2024-01-01..2024-01-31", [])
    for spec in ("2024", "all", "2024-01-05.."):
        assert planned(world, "days", spec)[0][-10:] == "2024-01-31", spec
    at(world, "2024-01-31")
    assert planned(world, "days", "2024-01-05..2024-01-06") == (
        "2024-01-05..2024-01-06", ["NOT_DUE"],
    )  # fmt: skip


def test_a_day_that_is_named_is_built_before_what_it_reads_is_over_and_it_says_so(
    world: World,
) -> None:
    months(world)
    assert planned(world, "days", "2024-02-05") == ("2024-02-05..2024-02-05", ["NOT_DUE"])
    assert planned(world, "days", "2024-01-05") == ("2024-01-05..2024-01-05", [])


@pytest.mark.parametrize("begin", ["2024-01-01", None])
def test_days_ahead_in_a_source_have_to_be_over_too(world: World, begin: str | None) -> None:
    world.model("ahead", AHEAD)
    file = world.root / "models/ahead.sql"
    word = f"begin='{begin}'," if begin else ""
    file.write_text(file.read_text().replace("begin='2024-03-01',", word))
    assert planned(world, "ahead", "2024-02") == ("2024-02-01..2024-02-13", [])
    assert planned(world, "ahead", "last:3") == ("2024-02-11..2024-02-13", [])
    assert planned(world, "ahead", "2024-02-14") == ("2024-02-14..2024-02-14", ["NOT_DUE"])


def test_a_day_that_reads_its_own_rows_waits_for_nothing_else(world: World) -> None:
    world.model("own", f"select day, v from {SOURCE}")
    file = world.root / "models/own.sql"
    file.write_text(file.read_text().replace("2024-03-01", "2024-01-01"))
    assert planned(world, "own", "2024-02") == ("2024-02-01..2024-02-15", [])


def test_a_day_of_a_zone_that_is_ahead_does_not_wait_for_the_sources_own(world: World) -> None:
    world.model("own", f"select day, v from {SOURCE}", timezone="Asia/Tokyo")
    file = world.root / "models/own.sql"
    file.write_text(file.read_text().replace("2024-03-01", "2024-01-01"))
    at(world, "2024-02-15T16:00")
    assert planned(world, "own", "2024-02") == ("2024-02-01..2024-02-15", [])
