"""`run --max-cost`: stops before the budget is exceeded, and goes on later."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.shop import make_shop

RUN = ("run", "-s", "events", "-p", "2024-01", "--strategy", "partition", "--yes")


@pytest.fixture
def shop(tmp_path: Path) -> ProjectDir:
    project = make_shop(tmp_path / "shop")
    price(project, "usd_per_hour: 3600")
    return project


def price(project: ProjectDir, fields: str) -> None:
    project.write(
        "profiles.yml",
        "shop:\n  target: dev\n  outputs:\n"
        f"    dev: {{type: duckdb, path: warehouse.duckdb, schema: main, {fields}}}\n",
    )


def built(project: ProjectDir) -> int:
    return int(project.rows("select count(distinct day) from events")[0][0])


def test_a_run_stops_before_its_budget_is_exceeded_and_resume_does_the_rest(
    shop: ProjectDir,
) -> None:
    stopped = shop.command(*RUN, "--max-cost", "0.15", "--json")

    assert stopped.exit_code == 3, stopped
    document = stopped.document
    assert document["status"] == "stopped"
    assert [error["code"] for error in document["errors"]] == ["BUDGET_SPENT"]
    assert document["resume"]
    [model] = document["models"]
    assert 0 < model["partitions_built"] < 31
    assert built(shop) == model["partitions_built"]

    resumed = shop.command("resume", "--max-cost", "1000")
    assert resumed.exit_code == 0, resumed
    assert built(shop) == 31


def test_a_budget_that_suffices_changes_nothing(shop: ProjectDir) -> None:
    outcome = shop.command(*RUN, "--max-cost", "1000")

    assert outcome.exit_code == 0, outcome
    assert built(shop) == 31
    assert "queries took" in outcome.stdout
    assert "estimated $" in outcome.stdout


def test_nothing_is_begun_that_alone_would_be_too_dear(shop: ProjectDir) -> None:
    outcome = shop.command(*RUN, "--max-cost", "0.000001", "--json")

    assert outcome.exit_code == 3, outcome
    assert outcome.document["models"][0]["partitions_built"] == 0


def test_where_time_is_free_no_budget_is_exceeded(shop: ProjectDir) -> None:
    price(shop, "threads: 1")

    outcome = shop.command(*RUN, "--max-cost", "0")

    assert outcome.exit_code == 0, outcome


def test_a_dear_plan_is_not_run_unasked(shop: ProjectDir) -> None:
    price(shop, "usd_per_hour: 3600, confirm_above_usd: 0.01")

    refused = shop.command(*RUN)
    allowed = shop.command(*RUN, "--max-cost", "1000")

    assert refused.exit_code == 3, refused
    assert refused.error_codes == ["CONFIRMATION_REQUIRED"]
    assert "--max-cost" in refused.stderr
    assert allowed.exit_code == 0, allowed


def test_a_saved_plan_ends_with_what_it_foretold(shop: ProjectDir) -> None:
    assert shop.command("plan", "-s", "events", "-p", "2024-01", "-o", "plan.json").exit_code == 0

    first = shop.command("run", "--plan", "plan.json", "--yes")
    second = shop.command("run", "--plan", "plan.json", "--yes")

    assert "queries took" in first.stdout
    assert "queries took" not in second.stdout


def test_what_a_run_was_foretold_to_cost_and_what_it_came_to_is_kept(shop: ProjectDir) -> None:
    assert shop.command(*RUN, "--max-cost", "0.15").exit_code == 3
    assert shop.command("resume", "--max-cost", "1000").exit_code == 0

    resumed, stopped = shop.command("runs", "--json").document["runs"]

    assert 0 < stopped["estimated_seconds"] <= stopped["estimated_seconds_high"]
    assert stopped["estimated_cost_usd"] == pytest.approx(stopped["estimated_seconds"], rel=0.01)
    assert 0 < stopped["seconds"] <= stopped["cost_usd"] < 1.0
    assert resumed["estimated_seconds"] is None, "a part was done before"
    assert resumed["seconds"] > 0
    assert "$" in shop.command("runs").stdout
