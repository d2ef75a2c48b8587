"""What a rebuild costs in Snowflake: EXPLAIN, clustering information, and a statistics file with a histogram.

The emulator answers both with the examples of Snowflake's documentation: `recorded.json` has their pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.process import Emulator
from tests.emulator.world import World, make_world

NOTE = "each DELETE rewrites about 46% of 1,156 micro-partitions, 64.1 of which overlap on average by day"
DAY = ("-p", "2024-01-05", "--strategy", "chunk=1")


@pytest.fixture
def world(emulator: Emulator, tmp_path: Path) -> World:
    return make_world(tmp_path, emulator)


def step(world: World, model: str, *options: str) -> dict[str, Any]:
    done = world.project.command("estimate", "-s", model, *options, "--json")
    assert done.exit_code == 0, done
    [found] = done.document["steps"]
    return dict(found)


def test_what_a_delete_rewrites_counts_and_is_told_with_how_the_table_is_clustered(
    world: World,
) -> None:
    before = step(world, "events", *DAY)
    assert before["estimate"]["basis"] == "prior", "of seconds; bytes are EXPLAIN's"
    assert before["estimate"]["scan_bytes"]["high"] == 1024
    assert "note" not in before["estimate"]
    world.project.command("run", "-p", "2024-01", "--yes")
    world.emulator.statements(clear=True)
    after = step(world, "events", *DAY)
    assert after["estimate"]["scan_bytes"] == {"low": 256, "likely": 2048, "high": 2048}
    assert after["estimate"]["note"] == NOTE
    log = [each["sql"] for each in world.emulator.statements()]
    asked = [sql for sql in log if "CLUSTERING_INFORMATION" in sql]
    assert len(asked) == 1
    assert asked[0].endswith('."PROD"."EVENTS"\', \'("DAY")\')')
    shown = world.project.command("estimate", "-s", "events", *DAY)
    assert f"events: {NOTE}" in shown.stdout
    [at] = [at for at, sql in enumerate(log) if sql.startswith("SELECT MIN(")]
    assert log[at - 1] == f"EXPLAIN USING JSON\n{log[at]}", "nothing is read that is billed"
    explained = [sql for sql in log if sql.startswith("EXPLAIN USING JSON\nSELECT * FROM")]
    assert any('"PROD"."EVENTS" WHERE ("DAY" >= CAST(' in sql for sql in explained)


def test_the_statistics_file_has_a_histogram_by_the_columns_that_are_filtered(
    world: World,
) -> None:
    world.project.command("run", "-p", "2024-01", "--yes")
    done = world.project.command("stats", "export", "-o", "stats.json")
    assert done.exit_code == 0, done
    assert "NO_STATISTICS" not in done.stderr
    document = json.loads((world.project.root / "stats.json").read_text())
    tables = {table["name"]: table for table in document["tables"]}
    assert set(tables) == {"raw.events", "events", "totals"}
    source = tables["raw.events"]
    assert source["rows"] == 93
    assert sum(size for _, _, size in source["columns"]) > 0
    zones = source["zones"]
    assert len(zones) > 20
    assert sum(rows for rows, _, _ in zones) == 93
    assert zones[0][1]["day"][0] == "2024-01-01"
    assert zones[-1][1]["day"][1] == "2024-01-31"

    world.target(port=1, connect_retries=0)
    of = {
        spec: step(world, "totals", "-p", spec, "--strategy", "range", "--stats", "stats.json")
        for spec in ("2024-01-05", "2024-01-01..2024-01-15", "2024-01")
    }
    likely = [each["estimate"]["scan_bytes"]["likely"] for each in of.values()]
    high = [each["estimate"]["scan_bytes"]["high"] for each in of.values()]
    assert likely[0] < likely[1] / 2 < likely[2], "a day reads less than a month"
    assert likely[0] < high[0], "and nobody knows how evenly rows lie"
    assert likely[2] == high[2], "all of it cannot be more"


def test_what_cannot_be_explained_is_read_by_its_share(world: World) -> None:
    """Before its upstream is there a model cannot be compiled; the source that it reads can be sized."""
    world.project.write(
        "models/per_id.sql",
        (world.project.root / "models" / "events.sql")
        .read_text()
        .replace("select day, id, amount", "select e.day, e.id, e.amount, t.events")
        .replace("from {{ source('raw', 'events') }}", "from {{ source('raw', 'events') }} e ")
        + "join {{ ref('totals') }} t on t.day = e.day\n",
    )
    done = world.project.command("estimate", "-s", "+per_id", *DAY, "--json")
    assert done.exit_code == 0, done
    found = {each["model"]: each["estimate"] for each in done.document["steps"]}
    sizes = found["per_id"]["scan_bytes"]
    assert 0 < sizes["likely"] < 93 * 8 * 3 / 4
