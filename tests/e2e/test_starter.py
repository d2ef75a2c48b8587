"""The project that `init` writes runs as it is, and nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import ProjectDir


@pytest.fixture
def starter(tmp_path: Path) -> ProjectDir:
    outcome = ProjectDir(tmp_path).command("init", "shop")
    assert outcome.exit_code == 0, outcome
    return ProjectDir(tmp_path / "shop")


def test_it_runs_at_once_and_then_has_nothing_to_do(starter: ProjectDir) -> None:
    first = starter.command("run", "--yes", "--json")
    assert first.exit_code == 0, first
    second = starter.command("run", "--yes", "--json")
    assert second.exit_code == 0, second

    assert {m["model"]: m["partitions_built"] for m in first.document["models"]} == dict.fromkeys(
        ("orders", "daily_revenue", "revenue_trailing_7d"), 14
    )
    assert sum(m["partitions_built"] for m in second.document["models"]) == 0


def test_its_trailing_week_holds_seven_days_of_revenue(starter: ProjectDir) -> None:
    assert starter.command("run", "--yes").exit_code == 0

    last = starter.rows(
        "select revenue_7d from revenue_trailing_7d where ordered_on = '2024-01-14'"
    )
    week = starter.rows("select sum(amount) from orders where ordered_on >= '2024-01-08'")
    assert last == week


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    project = ProjectDir(tmp_path)
    project.write("shop/models/orders.sql", "select 1 as mine\n")

    outcome = project.command("init", "shop")

    assert outcome.exit_code == 2, outcome
    assert "orders.sql" in outcome.stderr or "shop" in outcome.stderr
    assert (tmp_path / "shop/models/orders.sql").read_text() == "select 1 as mine\n"
    assert [p.name for p in (tmp_path / "shop").iterdir()] == ["models"]
