"""`-p missing`, `stale`, `failed` and `2024-01:missing`, the same for plan, run and status."""

from __future__ import annotations

import pytest

from tests.e2e.command import ProjectDir

DAYS = {
    "missing": ("2024-01-21", "2024-02-01"),
    "stale": ("2024-01-05", "2024-01-06"),
    "failed": ("2024-01-15", "2024-01-16"),
}


@pytest.fixture
def mixed(shop: ProjectDir) -> ProjectDir:
    """`totals` has the 5th stale, the 15th failed (and built), all from the 21st on missing."""
    events = (shop.root / "models/events.sql").read_text()
    totals = (shop.root / "models/totals.sql").read_text()
    assert shop.command("run", "-s", "events", "-p", "2024-01", "--yes").exit_code == 0
    assert (
        shop.command("run", "-s", "totals", "-p", "2024-01-01..2024-01-20", "--yes").exit_code == 0
    )
    shop.write("models/totals.sql", totals.replace("sum(amount)", "error('no')"))
    assert shop.command("run", "-s", "totals", "-p", "2024-01-15", "--yes").exit_code == 1
    shop.write("models/totals.sql", totals)
    shop.write("models/events.sql", events.replace("amount\nfrom", "amount + 1 as amount\nfrom"))
    assert shop.command("run", "-s", "events", "-p", "2024-01-05", "--yes").exit_code == 0
    shop.write("models/events.sql", events)
    return shop


@pytest.mark.parametrize("state", DAYS)
@pytest.mark.parametrize("spec", ["{}", "2024-01:{}", "2024:{},!2024-02-01"])
def test_a_state_chooses_its_partitions_in_plan_and_status(
    mixed: ProjectDir, state: str, spec: str
) -> None:
    words = ("-s", "totals", "-p", spec.format(state), "--json")
    if "!" in spec:
        words = ("-s", "totals", "-p", spec.format(state).replace("02-01", "01-31"), "--json")
    start, end = DAYS[state]
    if "!" in spec and state == "missing":
        end = "2024-01-31"
    steps = mixed.command("plan", *words).document["steps"]
    assert [(s["model"], s["reason"], s["partitions"]) for s in steps] == [
        ("totals", state, [{"start": start, "end": end}])
    ]
    [model] = mixed.command("status", *words).document["models"]
    assert [(r["start"], r["end"]) for r in model["ranges"]] == [(start, end)]
    assert model["failed"] == (state == "failed")


def test_a_state_chooses_what_is_run(mixed: ProjectDir) -> None:
    for state, built in (("stale", 1), ("failed", 1), ("2024-01-21..2024-01-22:missing", 2)):
        run = mixed.command("run", "-s", "totals", "-p", state, "--yes", "--json").document
        assert [m["partitions_built"] for m in run["models"]] == [built]
    [left] = mixed.command("status", "-s", "totals", "--json").document["models"]
    assert {k: left[k] for k in ("built", "missing", "stale", "failed")} == {
        "built": 22, "missing": 9, "stale": 0, "failed": 0,
    }  # fmt: skip
    nothing = mixed.command("run", "-s", "totals", "-p", "stale", "--yes", "--json")
    assert nothing.exit_code == 0
    assert nothing.document["models"] == []


def test_each_cause_is_told_in_words_with_its_code(mixed: ProjectDir) -> None:
    [model] = mixed.command("status", "-s", "totals", "-p", "stale", "--json").document["models"]
    assert [r["reason"] for r in model["ranges"]] == ["`events` was rebuilt since (INPUT_CHANGED)"]
    assert "`events` was rebuilt since" in mixed.command("status", "-s", "totals").stdout
