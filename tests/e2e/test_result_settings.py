"""Settings of the profile that change results: what was built under others is out of date."""

from __future__ import annotations

from tests.e2e.command import ProjectDir
from tests.e2e.shop import PROFILES, RUN


def _set(shop: ProjectDir, settings: str) -> None:
    shop.write("profiles.yml", PROFILES.replace("schema: main}", f"schema: main, {settings}}}"))


def _stale(shop: ProjectDir) -> list[int]:
    outcome = shop.command("status", "--json")
    assert outcome.exit_code == 0, outcome
    return [model["stale"] for model in outcome.document["models"]]


def test_a_setting_that_changes_results_makes_what_was_built_stale_and_why_names_it(
    shop: ProjectDir,
) -> None:
    assert shop.command(*RUN).exit_code == 0
    _set(shop, "settings: {integer_division: true}")
    assert _stale(shop) == [31, 31]
    why = shop.command("why", "totals", "-p", "2024-01-05")
    assert "integer_division" in why.stdout, why


def test_a_setting_that_only_changes_speed_does_not(shop: ProjectDir) -> None:
    assert shop.command(*RUN).exit_code == 0
    _set(shop, "settings: {threads: 1}")
    assert _stale(shop) == [0, 0]
