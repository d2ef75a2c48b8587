"""Changes that reach a partition by a way that is easily overlooked: each makes it stale, at once."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import duckdb
import pytest

from sqlbackfill.ledger.records import InputMark
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.run.guard import check_staged_rows
from sqlbackfill.run.source_reads import SourceReading, SourceScan
from sqlbackfill.warehouse.protocol import Session
from tests.e2e.world import DAYS, SOURCE, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_source_read_by_day_and_through_a_view_too_counts_whole(world: World) -> None:
    world.days_of_source()
    world.view("most", f"select k, max(v) as v from {SOURCE} group by k")
    world.model(
        "seen",
        f"select r.day, r.k, m.v from {SOURCE} as r join {{{{ ref('most') }}}} as m on r.k = m.k",
    )
    world.run()
    assert world.stale() == {}
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale() == {"seen": DAYS}


def test_a_change_goes_through_views_over_views_in_one_run(world: World) -> None:
    world.days_of_source()
    world.model("days", f"select day, k, v from {SOURCE}")
    world.view("seen", "select day, k, v from {{ ref('days') }}")
    world.view("most", "select day, k, v + 1 as v from {{ ref('seen') }}")
    world.model("last", "select day, k, v from {{ ref('most') }}")
    world.run()
    assert world.stale() == {}
    world.execute("update raw.rows set v = 100 where day = '2024-03-02'")
    assert world.stale()["last"]
    world.run()
    assert world.stale() == {}
    world.view("seen", "select day, k, v * 2 as v from {{ ref('days') }}")
    assert world.stale()["last"] == DAYS
    world.run()
    assert world.stale() == {}


def test_what_was_only_for_partitions_to_come_is_stale_once_changes_are_to_be_restated(
    world: World,
) -> None:
    world.days_of_source()
    world.execute(
        "insert into raw.rows select date '2024-02-10' + i::int, 1, i from range(20) as r(i)"
    )
    long = {"max_chunk": 1}
    for name, sql, on_change in (
        ("days", f"select day, k, v from {SOURCE}", "restate"),
        ("seen", "select day, k, v from {{ ref('days') }}", "forward"),
    ):
        words = {"grain": "day", "on_change": dict.fromkeys(("raw.rows", "days"), on_change)} | long
        config = f"event_time='day', begin='2024-02-10', meta={{'sqlbackfill': {words!r}}}"
        world.write(name, f"materialized='incremental', {config}", sql)
    world.run()
    world.execute("update raw.rows set v = v + 1 where day = '2024-03-02'")
    world.run()
    world.run("2024-02-10..2024-02-28", select=("seen",))  # enough for a checkpoint
    assert world.stale() == {}
    file = world.root / "models/seen.sql"
    file.write_text(file.read_text().replace("forward", "restate"))
    assert world.stale() == {"seen": ("2024-03-02",)}


def test_a_list_of_keys_in_another_order_takes_no_key_for_another(world: World) -> None:
    world.execute("create schema raw", "create table raw.rows (region varchar, v integer)")
    world.source(event_time="region")
    sql = f"select region, v from {SOURCE}"
    world.keyed("seen", sql, ["a", "b", "c"])
    world.run()
    world.keyed("seen", sql, ["b", "a", "c"])
    assert world.stale() == {}
    world.execute("insert into raw.rows values ('a', 1)")
    assert world.stale() == {"seen": ("a",)}
    world.run()
    world.keyed("seen", sql, ["c", "z", "a"])
    assert world.stale() == {"seen": ("z",)}


def test_a_file_that_changes_once_its_rows_are_staged_is_not_taken_for_what_was_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.root / "rows.parquet"
    rows = "select date '2024-03-01' + i::int as day, {} + i as v from range(10) as r(i)"
    duckdb.execute(f"copy ({rows.format(0)}) to '{file}'")
    (world.root / "models/sources.yml").write_text(
        "sources: [{name: raw, tables: [{name: rows, config: {event_time: day, meta:"
        f" {{external_location: \"read_parquet('{file}')\"}}}}}}]}}]\n"
    )
    bounds = "day >= '{{ partition.start }}' and day < '{{ partition.end }}'"
    world.model("seen", f"select greatest(day, day) as day, v from {SOURCE} where {bounds}")
    staged = []

    def change(*of_staged: object) -> object:
        staged.append(of_staged)
        duckdb.execute(f"copy ({rows.format(100)}) to '{file}'")
        return check_staged_rows(*of_staged)  # type: ignore[arg-type]

    monkeypatch.setattr("sqlbackfill.run.chunk.check_staged_rows", change)
    world.run()
    assert len(staged) == 1
    assert world.stale() == {"seen": DAYS}


def test_a_mark_that_is_older_than_what_a_chunk_read_of_a_file_is_not_kept() -> None:
    scan = SourceScan(
        name="raw.rows",
        relation="'rows.parquet'",
        column=None,
        partitioning=WholePartitioning(),
        spans=(),
        includes_unplaced=False,
        sql=None,
        stamp=lambda: "the same before and after",
        version=lambda: "second",
    )
    session = cast("Session", None)  # asked for nothing without aggregates
    for mark, kept in (("first", ""), ("second", "second")):
        reading = SourceReading((scan,), session, "duckdb")
        marks, _ = reading.end({"raw.rows": InputMark(mark)})
        assert marks["raw.rows"].mark == kept
