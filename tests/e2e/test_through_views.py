"""What is read through views: by the windows and the columns that the views leave of it, or whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import DAYS, SOURCE, World

ALL_OF_SEEN = "select day, k, v from {{ ref('seen') }}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.days_of_source()
    return world


def unasked(world: World, name: str, sql: str) -> None:
    """A daily model that says nothing of what changes shall do."""
    world.model(name, sql, on_change={})


def test_a_day_read_through_a_view_is_the_same_day_of_the_table_behind(world: World) -> None:
    unasked(world, "days", f"select day, k, v from {SOURCE}")
    world.view("seen", "select * from {{ ref('days') }}")
    unasked(world, "last", ALL_OF_SEEN)
    world.run()
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {"days": ("2024-03-02",), "last": ("2024-03-02",)}
    world.run()
    assert world.stale() == {}


def test_windows_of_views_and_of_their_readers_add_up(world: World) -> None:
    unasked(world, "days", f"select day, k, v from {SOURCE}")
    world.view("moved", "select day + 1 as day, k, v from {{ ref('days') }}")
    world.view(
        "seen",
        "with recent as (select * from {{ ref('moved') }})\n"
        "select m.day, recent.k, recent.v from recent join {{ ref('moved') }} as m"
        " on recent.day between m.day - 1 and m.day",
    )
    unasked(world, "last", "select seen.day - 2 as day, seen.v from {{ ref('seen') }}")
    world.run()
    world.execute("update raw.rows set v = 100 where day = '2024-03-06'")
    # Of a day of `last` the view reads two days later and the one before, each a day after the table.
    assert world.stale()["last"] == ("2024-03-05", "2024-03-06")
    world.run()
    assert world.stale() == {}


def test_a_source_is_seen_through_a_view_by_its_days_and_by_the_columns_that_are_used(
    world: World,
) -> None:
    world.view("seen", f"select day, k, v, v * 2 as twice from {SOURCE}")
    unasked(world, "last", "select day, k from {{ ref('seen') }}")
    unasked(world, "doubled", "select day, twice from {{ ref('seen') }}")
    world.run()
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {"doubled": ("2024-03-02",)}
    world.execute("update raw.rows set k = 7 where day = '2024-03-05'")
    assert world.stale() == {"doubled": ("2024-03-02",), "last": ("2024-03-05",)}
    world.run()
    assert world.stale() == {}


def test_a_table_read_by_itself_and_through_a_view_is_read_as_far_as_either_goes(
    world: World,
) -> None:
    unasked(world, "days", f"select day, k, v from {SOURCE}")
    world.view("seen", "select day + 3 as day, v from {{ ref('days') }}")
    unasked(
        world,
        "last",
        "select day, v from {{ ref('days') }} union all select day, v from {{ ref('seen') }}",
    )
    world.run()
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale()["last"] == tuple(f"2024-03-0{day}" for day in range(2, 6))


def test_what_cannot_be_put_together_is_shown_and_left_to_whoever_asks(world: World) -> None:
    unasked(world, "days", f"select day, k, v from {SOURCE}")
    world.view("seen", "select day, sum(v) over (order by k) as v, k from {{ ref('days') }}")
    unasked(world, "last", ALL_OF_SEEN)
    world.run()
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {"days": ("2024-03-02",)}
    world.run()
    assert world.stale() == {}
    world.run("stale", select=("last",))
    world.model("last", ALL_OF_SEEN, on_change={"seen": "restate"})
    world.execute("update raw.rows set v = 200 where day = '2024-03-02'")
    assert world.stale()["last"] == DAYS


def test_a_table_that_only_a_name_in_the_reader_hides_is_not_taken_for_it(world: World) -> None:
    """A view's own table is no CTE of its reader, though they are called the same."""
    world.execute("create table hidden as from raw.rows")
    world.view("seen", f"select h.day, h.k, r.v from hidden as h join {SOURCE} as r using (day)")
    world.model(
        "last",
        "with hidden as (select date '2024-03-02' as day, 1 as k)\n"
        "select s.day, s.v from {{ ref('seen') }} as s join hidden using (k)",
        on_change={"raw.rows": "restate"},
    )
    world.run()
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {"last": DAYS}


def test_a_view_that_changes_makes_all_of_its_readers_stale(world: World) -> None:
    unasked(world, "days", f"select day, k, v from {SOURCE}")
    world.view("below", "select day, k, v from {{ ref('days') }}")
    world.view("seen", "select day, k, v from {{ ref('below') }}")
    unasked(world, "last", ALL_OF_SEEN)
    world.run()
    world.view("below", "select day, k, v + 1 as v from {{ ref('days') }}")
    assert world.stale()["last"] == DAYS
    world.run()
    assert world.stale() == {}


def test_days_that_are_missing_behind_a_view_are_filled_before_it_is_read(world: World) -> None:
    unasked(world, "days", f"select day, k, v from {SOURCE}")
    world.view("seen", ALL_OF_SEEN.replace("seen", "days"))
    unasked(world, "last", ALL_OF_SEEN)
    world.run("2024-03-01..2024-03-04")
    world.run("2024-03-06", select=("+last",))
    assert world.rows("select distinct day::varchar from last order by 1")[-1] == ("2024-03-06",)
