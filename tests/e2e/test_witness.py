"""Rows that show people why a model may not be cut naively."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.command import ProjectDir, copy_flagship
from tests.e2e.shop import CONFIG

SOURCE = "{{ source('raw', 'events') }}"


def witness(project: ProjectDir, model: str) -> dict[str, Any]:
    outcome = project.command("explain", "-s", model, "--witness", "--json")
    assert outcome.exit_code == 0, outcome
    (explained,) = outcome.document["models"]
    found = explained["witness"]
    assert isinstance(found, dict)
    return found


def test_a_running_total_over_days_has_a_witness_of_few_rows(shop: ProjectDir) -> None:
    shop.write(
        "models/running.sql",
        CONFIG + "select day, amount, sum(amount) over (order by day) as so_far\n"
        "from {{ ref('totals') }}\n",
    )

    found = witness(shop, "running")

    (table,) = found["inputs"]
    apart, together = found["results"]
    assert table["relation"] == "totals"
    assert 1 <= len(table["rows"]) <= 4
    assert apart["columns"] == together["columns"] == ["day", "amount", "so_far"]
    assert [row[:2] for row in apart["rows"]] == [row[:2] for row in together["rows"]]
    assert [row[2] for row in apart["rows"]] != [row[2] for row in together["rows"]]
    assert witness(shop, "running") == found


def test_a_proven_model_has_no_witness_and_says_so(shop: ProjectDir) -> None:
    found = witness(shop, "totals")
    assert found["inputs"] == []
    assert "proven" in found["because"]
    assert "no witness: " in shop.command("explain", "-s", "totals", "--witness").stdout


def test_a_model_whose_rows_are_left_to_chance_has_none(shop: ProjectDir) -> None:
    shop.write(
        "models/ranked.sql",
        CONFIG + "select day, row_number() over (order by amount) as place "
        "from {{ ref('events') }}\n",
    )
    assert "by chance" in witness(shop, "ranked")["because"]


def test_a_model_that_needs_the_day_as_a_value_is_shown_by_its_rows(shop: ProjectDir) -> None:
    shop.write(
        "models/counted.sql",
        CONFIG + f"select date '{{{{ partition.start }}}}' as day, count(*) as n from {SOURCE} "
        "where day = '{{ partition.start }}'\n",
    )

    apart, together = witness(shop, "counted")["results"]

    assert len(apart["rows"]) == 2
    assert len(together["rows"]) == 1


def test_a_witness_is_of_one_model(shop: ProjectDir) -> None:
    outcome = shop.command("explain", "--witness")
    assert outcome.exit_code == 2
    assert outcome.error_codes == ["WITNESS_OF_ONE_MODEL"]


def test_daily_queries_of_the_flagship_s_streak_would_write_null(tmp_path: Path) -> None:
    apart, together = witness(copy_flagship(tmp_path / "flagship"), "carrier_streak")["results"]

    at = apart["columns"].index("cancelled_before")
    assert {row[at] for row in apart["rows"]} == {None}
    assert {row[at] for row in together["rows"]} - {None}
