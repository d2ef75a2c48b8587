"""A source that many models read is read once to see what changed in it, for all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sqlbackfill.app import source_readings
from tests.e2e.world import DAYS, SOURCE, World

READERS = {
    "by_day": f"select day, sum(v)::bigint as v from {SOURCE} group by day",
    "keys": f"select day, k, count(*) as n from {SOURCE} group by day, k",
    "counts": f"select day, count(*) as n from {SOURCE} group by day",
    "week_sum": "select day, sum(sum(v)) over (order by day range between interval 6 days"
    f" preceding and current row)::bigint as v from {SOURCE} group by day",
    "so_far": f"select day, sum(sum(v)) over (order by day)::bigint as v from {SOURCE} group by day",
}
LATE = "insert into raw.rows values (date '2024-03-04', 1, 7)"


class Told(World):
    """Notes what is told and asked when a source is read to compare it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.told: list[str] = []
        self.queries: list[str] = []
        self.options = replace(
            self.options, on_reading=lambda source, _scan_bytes: self.told.append(source)
        )

    def stale_by(self, readings: int) -> dict[str, tuple[str, ...]]:
        """What is stale, having said and read so many times that a source is read."""
        self.told.clear()
        self.queries.clear()
        found = self.stale()
        assert len(self.told) == len(self.queries) == readings, self.queries
        return found


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    world = Told(tmp_path)
    original = source_readings.digests_query

    def noting(*arguments: object) -> str:
        query = original(*arguments)  # type: ignore[arg-type]
        world.queries.append(query)
        return query

    monkeypatch.setattr(source_readings, "digests_query", noting)
    world.days_of_source()
    return world


def test_five_models_of_other_columns_and_windows_share_one_reading(world: Told) -> None:
    for name, sql in READERS.items():
        world.model(name, sql)
    world.run()
    assert world.stale_by(readings=1) == {}
    world.execute(LATE)
    assert world.stale_by(readings=1) == {
        "by_day": (DAYS[3],),
        "keys": (DAYS[3],),
        "counts": (DAYS[3],),
        "week_sum": DAYS[3:],
        "so_far": DAYS[3:],
    }
    assert world.queries[0].count("FROM") == 1
    world.execute("update raw.rows set k = k + 1 where day = '2024-03-06'")
    world.run("2024-03-04..")
    assert world.stale_by(readings=1) == {}


def test_who_reads_it_whole_adds_up_what_the_others_have_read(world: Told) -> None:
    world.model("by_day", READERS["by_day"])
    world.write("total", "materialized='table'", f"select max(v) as v, sum(k) as k from {SOURCE}")
    world.run()
    assert world.stale_by(readings=1) == {}
    # Long before `begin`, so only who reads all of it sees it.
    world.execute("insert into raw.rows values (date '2020-01-01', 1, 7), (NULL, 1, 8)")
    assert set(world.stale_by(readings=1)) == {"total"}
    world.run()
    assert world.stale_by(readings=1) == {}


def test_what_is_stale_for_its_code_is_not_read_for(world: Told) -> None:
    world.model("by_day", READERS["by_day"])
    world.model("keys", READERS["keys"])
    world.run()
    world.model("keys", READERS["keys"].replace("count(*)", "count(*) + 1"))
    assert set(world.stale_by(readings=1)) == {"keys"}
    assert '"k"' not in world.queries[0]


def test_models_that_are_only_written_otherwise_are_read_for_together(world: Told) -> None:
    config = (
        "materialized='incremental', event_time='day', begin='2024-03-01',"
        " on_schema_change='append_new_columns', meta={'sqlbackfill': {'grain': 'day'}}"
    )
    for name, sql in READERS.items():
        world.write(name, config, sql)
        world.write(f"of_{name}", config, f"select day from {{{{ ref('{name}') }}}}")
    world.run()
    for name, sql in READERS.items():
        world.write(name, config, f"select *, 1 as more from ({sql})")
    assert set(world.stale_by(readings=1)) == set(READERS), "nobody reads what is new"


def test_years_that_nobody_recorded_are_not_read(world: Told) -> None:
    world.model("by_day", READERS["by_day"])
    world.run("2024-03-02,2024-03-09")
    assert world.stale_by(readings=1)["by_day"] == (DAYS[0], *DAYS[2:8], DAYS[9])
    assert world.queries[0].count(" OR ") == 1


def test_infinity_belongs_to_who_reads_without_end(world: Told) -> None:
    world.model("so_far", READERS["so_far"])
    world.model(
        "to_come",
        f"select day, sum(sum(v)) over (order by day desc)::bigint as v from {SOURCE} group by day",
    )
    world.run()
    world.execute("insert into raw.rows values ('-infinity', 1, 7)")
    assert set(world.stale_by(readings=1)) == {"so_far"}
    world.run()
    world.execute("insert into raw.rows values ('infinity', 1, 7)")
    assert set(world.stale_by(readings=1)) == {"to_come"}
