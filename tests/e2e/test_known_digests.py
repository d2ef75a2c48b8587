"""A source in a table of DuckDB is not read again while the files of its database are untouched."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.app import source_readings
from sqlbackfill.app.check import check
from sqlbackfill.app.known_digests import database_stamp
from tests.e2e.world import SOURCE, World

DAILY = f"select day, sum(v)::bigint as v from {SOURCE} group by day"
LATE = "insert into raw.rows values (date '2024-03-02', 1, 7)"
AN_HOUR_NS = 3_600_000_000_000


class Counted(World):
    """Counts how often a source is read to compare it."""

    readings = 0

    def stale_after(self, readings: int) -> dict[str, tuple[str, ...]]:
        """What is stale, having read sources so many times."""
        before = self.readings
        found = self.stale()
        assert self.readings - before == readings
        return found

    def age(self) -> None:
        """As if every database had been written an hour ago, each time at another moment."""
        gc.collect()
        for file in (*self.root.glob("*.duckdb"), *self.root.glob("*.wal")):
            past = file.stat().st_mtime_ns - AN_HOUR_NS
            os.utime(file, ns=(past, past))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    world = Counted(tmp_path)
    original = source_readings.digests_query

    def counting(*arguments: object) -> str:
        world.readings += 1
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(source_readings, "digests_query", counting)
    world.days_of_source()
    world.model("seen", DAILY)
    return world


def test_a_database_that_nobody_wrote_to_is_read_once(world: Counted) -> None:
    world.run()
    world.age()
    assert world.stale_after(readings=1) == {}
    assert world.stale_after(readings=0) == {}
    world.execute(LATE)
    assert world.stale_after(readings=1) == {"seen": ("2024-03-02",)}
    world.age()
    assert world.stale_after(readings=1) == {"seen": ("2024-03-02",)}
    assert world.stale_after(readings=0) == {"seen": ("2024-03-02",)}
    world.run()
    world.age()
    assert world.stale_after(readings=1) == {}
    assert world.stale_after(readings=0) == {}


def test_a_database_that_was_just_written_proves_nothing(world: Counted) -> None:
    world.run()
    for _ in range(2):
        (world.root / "warehouse.duckdb").touch()
        assert world.stale_after(readings=1) == {}


def test_what_another_process_left_in_the_log_is_seen(world: Counted) -> None:
    world.run()
    world.age()
    world.stale_after(readings=1)
    file = world.root / "warehouse.duckdb"
    before = file.stat()
    gc.collect()
    crash = (
        "import duckdb, os, sys\n"
        "connection = duckdb.connect(sys.argv[1])\n"
        "connection.execute(sys.argv[2])\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", crash, str(file), LATE], check=False)
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert world.stale_after(readings=1) == {"seen": ("2024-03-02",)}
    world.age()
    assert world.stale_after(readings=1) == {"seen": ("2024-03-02",)}


def test_other_columns_are_read_though_the_database_is_as_it_was(world: Counted) -> None:
    world.run()
    world.age()
    world.stale_after(readings=1)
    world.model("seen", DAILY.replace("sum(v)", "sum(v + k)"))
    assert len(world.stale_after(readings=0)["seen"]) == 10
    world.run()
    world.age()
    assert world.stale_after(readings=1) == {}


def test_check_reads_no_source(world: Counted) -> None:
    world.run()
    world.execute(LATE)
    assert not check(world.options).has_errors
    assert world.readings == 0
    assert world.stale_after(readings=1) == {"seen": ("2024-03-02",)}


def test_a_view_is_read_each_time(world: Counted) -> None:
    world.execute(
        "alter table raw.rows rename to kept", "create view raw.rows as select * from raw.kept"
    )
    world.run()
    world.age()
    for _ in range(2):
        assert world.stale_after(readings=1) == {}


def test_an_attached_database_has_a_state_of_its_own(world: Counted) -> None:
    other = world.root / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute(
            "create schema raw; create table raw.rows as"
            " select date '2024-03-01' + i::int as day, i % 2 as k, i as v from range(10) as r(i)"
        )
    (world.root / "profiles.yml").write_text(
        "world: {target: dev, outputs: {dev: {type: duckdb, path: warehouse.duckdb,"
        f" attach: [{{path: '{other}', alias: other}}]}}}}}}\n"
    )
    sources = world.root / "models/sources.yml"
    sources.write_text(sources.read_text().replace("name: raw,", "name: raw, database: other,"))
    world.run()
    world.age()
    assert world.stale_after(readings=1) == {}
    (world.root / "warehouse.duckdb").touch()
    assert world.stale_after(readings=0) == {}, "what stands in the target's own file is no matter"
    gc.collect()
    with duckdb.connect(str(other)) as connection:
        connection.execute(LATE)
    world.age()
    assert world.stale_after(readings=1) == {"seen": ("2024-03-02",)}


def test_the_stamp_of_a_database_covers_its_log(tmp_path: Path) -> None:
    file, log = tmp_path / "a.duckdb", tmp_path / "a.duckdb.wal"
    file.write_bytes(b"rows")

    def later() -> int:
        return time.time_ns() + AN_HOUR_NS

    alone = database_stamp(file, later)
    assert alone == database_stamp(file, later) != ""
    log.write_bytes(b"a row")
    logged = database_stamp(file, later)
    assert logged not in ("", alone)
    log.write_bytes(b"two rows")
    assert database_stamp(file, later) not in ("", alone, logged)
    assert database_stamp(file, time.time_ns) == "", "too new"
