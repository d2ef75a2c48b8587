"""What a run keeps of a long log: status says the same with it, and reads little of the log."""

from __future__ import annotations

import json

from tests.e2e.command import ProjectDir
from tests.e2e.shop import RUN


def ranges(shop: ProjectDir) -> dict[str, list[dict[str, object]]]:
    outcome = shop.command("status", "--json")
    assert outcome.exit_code == 0, outcome
    return {model["model"]: model["ranges"] for model in json.loads(outcome.stdout)["models"]}


def kept(shop: ProjectDir) -> dict[str, dict[str, object]]:
    rows = shop.rows(
        "select table_name, islands from sqlbackfill.partition_state qualify "
        "row_number() over (partition by table_name order by covered_seq desc) = 1"
    )
    return {name: json.loads(text) for name, text in rows}


def test_a_run_of_many_chunks_leaves_one_island_a_model_and_a_short_one_leaves_nothing(
    shop: ProjectDir,
) -> None:
    assert shop.command(*RUN).exit_code == 0
    assert kept(shop) == {}
    assert shop.command(*RUN, "--strategy", "partition").exit_code == 0
    logs = kept(shop)
    assert sorted(logs) == ["events", "totals"]
    for name, log in logs.items():
        [island] = log["islands"]  # type: ignore[misc]
        assert island["end"] - island["start"] == 31, name


def test_status_says_the_same_with_and_without_checkpoints_whatever_came_after(
    shop: ProjectDir,
) -> None:
    assert shop.command(*RUN, "--strategy", "partition").exit_code == 0
    events = shop.root / "data/events.parquet"
    changed = "case when day in ('2024-01-05', '2024-01-06') then amount + 1 else amount end"
    shop.execute(f"copy (from '{events}' select * replace ({changed} as amount)) to '{events}'")
    again = ("run", "-s", "events", "-p", "2024-01-05..2024-01-06", "--yes")
    assert shop.command(*again).exit_code == 0
    found = ranges(shop)
    assert [item["state"] for item in found["totals"]] == ["built", "stale", "built"]

    shop.execute("delete from sqlbackfill.partition_state")

    assert ranges(shop) == found
    assert shop.command("run", "-s", "totals", "--yes").exit_code == 0
    assert [item["state"] for item in ranges(shop)["totals"]] == ["built"]
