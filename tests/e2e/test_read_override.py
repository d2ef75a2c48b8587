"""An author's read override, from the yml to explain, plan, render and what goes stale."""

from __future__ import annotations

import pytest

from tests.e2e.command import ProjectDir
from tests.e2e.test_verify import BEFORE, KEY, OVERRIDE


@pytest.fixture
def claimed(shop: ProjectDir) -> ProjectDir:
    shop.write("models/before.sql", BEFORE)
    shop.write("models/events.yml", KEY)
    shop.write("models/before.yml", OVERRIDE.format(start=-2))
    return shop


def test_explain_shows_the_claim_its_reason_and_its_place(claimed: ProjectDir) -> None:
    [model] = claimed.command("explain", "-s", "before", "--json").document["models"]

    [read] = model["inputs"]
    assert read["read"] == {"kind": "window", "grain": "day", "start_offset": -2, "end_offset": 0}
    assert read["because"] == "declared by the author (models/before.yml:9): ids rest one day"
    assert model["separable"]["verdict"] == "proven"
    assert model["strategies"] == ["range", "chunk", "partition"]


def test_what_is_planned_and_what_is_injected_follow_the_claim(claimed: ProjectDir) -> None:
    plan = claimed.command("plan", "-s", "before events", "-p", "2024-01-05", "--json").document
    rendered = claimed.command("render", "-s", "before", "-p", "2024-01-05", "--json").document

    fills = [step for step in plan["steps"] if step["reason"] == "fill"]
    assert [step["partitions"] for step in fills] == [
        [{"start": "2024-01-03", "end": "2024-01-05"}]
    ]
    sql = rendered["models"][0]["chunks"][0]["sql"]
    assert "CAST('2024-01-03' AS DATE)" in sql
    assert "CAST('2024-01-06' AS DATE)" in sql


def test_every_plan_that_uses_it_says_so(claimed: ProjectDir) -> None:
    plan = claimed.command("plan", "-s", "before", "-p", "2024-01-05", "--json")
    other = claimed.command("plan", "-s", "events", "-p", "2024-01-05", "--json")

    notes = [w for w in plan.document["warnings"] if w["code"] == "READ_OVERRIDE"]
    assert [(n["severity"], n["model"], n["line"]) for n in notes] == [("note", "before", 9)]
    assert "READ_OVERRIDE" in plan.stderr
    assert "READ_OVERRIDE" not in other.stdout + other.stderr


def test_another_claim_makes_what_was_built_stale(claimed: ProjectDir) -> None:
    assert claimed.command("run", "-p", "2024-01", "--yes").exit_code == 0
    claimed.write("models/before.yml", OVERRIDE.format(start=-2).replace("rest", "wait"))
    reworded = claimed.command("status", "-s", "before", "--json").document["models"][0]
    claimed.write("models/before.yml", OVERRIDE.format(start=-3))
    changed = claimed.command("status", "-s", "before", "--json").document["models"][0]

    assert (reworded["built"], reworded["stale"]) == (31, 0)
    assert (changed["built"], changed["stale"]) == (0, 31)


def test_a_claim_that_means_nothing_is_an_error_at_its_line(claimed: ProjectDir) -> None:
    text = OVERRIDE.format(start=-2).replace("reason:", "column: dai, reason:")
    claimed.write("models/before.yml", text)

    outcome = claimed.command("plan")

    assert outcome.exit_code == 2
    assert outcome.error_codes == ["READ_OVERRIDE_INVALID"]
    assert "models/before.yml:9" in outcome.stderr
    assert "did you mean `day`?" in outcome.stderr


def test_a_claim_about_an_input_that_is_not_read_has_no_effect_but_a_warning(
    claimed: ProjectDir,
) -> None:
    text = OVERRIDE.format(start=-2).replace("events:", "evens:")
    claimed.write("models/before.yml", text)

    outcome = claimed.command("explain", "-s", "before", "--json")
    [model] = outcome.document["models"]
    checked = claimed.command("check", "--json").document["findings"]

    assert model["inputs"][0]["read"]["kind"] == "past"
    assert "READ_OVERRIDE_UNUSED" in {found["code"] for found in checked}
