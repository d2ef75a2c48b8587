"""What a rebuild for new code does not change for a reader: a plan does not list that reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import DAYS, SOURCE, World

ONE_MORE = f"select day, k, v, v * 2 as twice from {SOURCE}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.days_of_source()
    days(world, f"select day, k, v from {SOURCE}")
    world.model("last", "select day, v from {{ ref('days') }}")
    world.model("keys", "select day, k from {{ ref('days') }}")
    world.run()
    return world


def days(world: World, sql: str) -> None:
    world.model("days", sql)
    file = world.root / "models/days.sql"
    file.write_text(
        file.read_text().replace(
            "event_time=", "on_schema_change='append_new_columns', event_time="
        )
    )


def test_a_column_that_is_added_spreads_to_nobody(world: World) -> None:
    days(world, ONE_MORE)
    assert world.stale() == {"days": DAYS}
    world.run()
    assert world.stale() == {}


def test_a_column_that_changes_spreads_to_whoever_uses_it(world: World) -> None:
    days(world, f"select day, k, v + 1 as v from {SOURCE}")
    assert world.stale() == {"days": DAYS, "last": DAYS}
    world.run()
    assert world.stale() == {}


def test_days_whose_source_changed_as_well_spread(world: World) -> None:
    days(world, ONE_MORE)
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {"days": DAYS, "last": ("2024-03-02",), "keys": ("2024-03-02",)}
    world.run()
    assert world.stale() == {}
    assert world.rows("select v from last where day = '2024-03-02'") == [(100,)]


def test_what_is_rebuilt_for_an_upstream_too_spreads(world: World) -> None:
    world.model("far", "select day, v from {{ ref('last') }}")
    world.run(f"{DAYS[0]}..{DAYS[-1]}")
    world.model("last", "select day, v, 1 as extra from {{ ref('days') }}")
    file = world.root / "models/last.sql"
    file.write_text(
        file.read_text().replace(
            "event_time=", "on_schema_change='append_new_columns', event_time="
        )
    )
    assert world.stale() == {"last": DAYS}
    days(world, f"select day, k, v + 1 as v from {SOURCE}")
    assert world.stale() == {"days": DAYS, "last": DAYS, "far": DAYS}
    world.run()
    assert world.stale() == {}


def test_a_rebuild_without_a_digest_to_compare_spreads(world: World) -> None:
    share = "sum(v / 3.0::double) over (partition by day) as share"
    days(world, f"select day, k, v, {share} from {SOURCE}")
    world.model("shares", "select day, share from {{ ref('days') }}")
    world.run()
    days(world, f"select day, k, v, {share}, 1 as extra from {SOURCE}")
    assert world.stale() == {"days": DAYS, "shares": DAYS}
    world.run()
    assert world.stale() == {}


@pytest.mark.parametrize("on_change", ["forward", "ignore"])
def test_what_takes_in_a_change_that_was_left_alone_spreads(world: World, on_change: str) -> None:
    def loose(sql: str) -> None:
        world.model("days", sql, on_change={"raw.rows": on_change})
        file = world.root / "models/days.sql"
        words = "on_schema_change='append_new_columns', event_time="
        file.write_text(file.read_text().replace("event_time=", words))

    loose(f"select day, k, v from {SOURCE}")
    world.run(f"{DAYS[0]}..{DAYS[-1]}")
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {}
    loose(ONE_MORE)
    assert "2024-03-02" in world.stale()["last"]
    world.run()
    assert world.stale() == {}
