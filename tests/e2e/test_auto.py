"""What `auto` chooses on real files, by their statistics and by what was run before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import PROJECT_FILE, SOURCES

CONFIG = "{{ config(event_time='day', batch_size='day', begin='2023-01-01') }}\n"
KEYS = (
    CONFIG + "select day, key, count(*) as n from {{ source('raw', 'events') }} group by day, key\n"
)
KINDS = (
    CONFIG
    + "select day, kind, count(*) as n from {{ source('raw', 'events') }} group by day, kind\n"
)
PLAN = ("--as-of", "2024-01-01T00:00:00Z", "plan", "--json", "-p", "2023")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of events in the order of their days: five million keys of four kinds."""
    file = tmp_path_factory.mktemp("data") / "events.parquet"
    duckdb.execute(f"""
        copy (select date '2023-01-01' + (n * 365 // 5000000)::integer as day,
                     (hash(n) % 1000000000)::bigint as key, n % 4 as kind
              from range(5000000) r(n)) to '{file}' (row_group_size 50000)
    """)
    return file


@pytest.fixture
def project(tmp_path: Path, events: Path) -> ProjectDir:
    made = ProjectDir(tmp_path)
    made.write("sqlbackfill.yml", PROJECT_FILE)
    made.write("profiles.yml", profiles())
    made.write(
        "models/sources.yml",
        SOURCES.replace("[{name: events}]", "[{name: events, config: {event_time: day}}]"),
    )
    made.write("models/keys.sql", KEYS)
    made.write("models/kinds.sql", KINDS)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "events.parquet").symlink_to(events)
    return made


def profiles(settings: str = "{}") -> str:
    return (
        "shop: {target: dev, outputs: {dev: {type: duckdb, path: warehouse.duckdb, schema: main, "
        f"settings: {settings}}}}}}}\n"
    )


def steps(project: ProjectDir) -> dict[str, dict[str, Any]]:
    outcome = project.command(*PLAN)
    assert outcome.exit_code == 0, outcome
    assert project.command(*PLAN).stdout == outcome.stdout
    return {step["model"]: step for step in outcome.document["steps"]}


def test_an_aggregate_with_as_many_groups_as_rows_is_cut_by_the_calendar(
    project: ProjectDir,
) -> None:
    found = steps(project)
    assert found["keys"]["strategy"] in {"chunk=quarter", "chunk=month"}
    assert found["keys"]["because"].startswith("the cheapest by the statistics of what it reads; ")
    assert "range ×" in found["keys"]["because"]
    assert found["kinds"]["strategy"] == "range"


def test_no_chunk_keeps_more_than_memory_holds(project: ProjectDir) -> None:
    project.write("profiles.yml", profiles("{memory_limit: 40MiB}"))
    found = steps(project)["keys"]
    assert found["strategy"] in {"chunk=month", "chunk=week"} or found["strategy"][6:].isdigit()
    assert "in memory" in found["because"]
    most = int(found["because"].partition("no more than ")[2].partition(" ")[0])
    assert most * 5_000_000 / 365 * 40 < 40 << 20


def test_what_was_run_decides_the_next_time(project: ProjectDir) -> None:
    run = ("run", "-s", "kinds", "-p", "2023", "--strategy", "chunk=week", "--yes")
    assert project.command("--as-of", "2024-01-01T00:00:00Z", *run).exit_code == 0
    with duckdb.connect(str(project.root / "warehouse.duckdb")) as connection:
        connection.execute(
            "update sqlbackfill.partition_log set seconds = 1.0 * (end_ordinal - start_ordinal)"
        )
        connection.execute(
            "update sqlbackfill.partition_log set end_ordinal = start_ordinal + 1, "
            "row_counts = split_part(row_counts, ',', 1), seconds = 5 where chunk = 3"
        )
    found = steps(project)["kinds"]
    assert found["strategy"] == "range"
    assert found["because"].startswith("the cheapest by its history with ")
