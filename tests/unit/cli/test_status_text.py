"""The status of models as people read it."""

from __future__ import annotations

from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.status import status_text

PLAIN = Look(unicode=False)


def a_range(start: str, end: str, state: str, *, failed: bool = False, reason: str = "") -> Any:
    return {"start": start, "end": end, "state": state, "failed": failed, "reason": reason or None}


def a_model(name: str, *ranges: Any, **counts: int) -> dict[str, Any]:
    states = ("built", "missing", "untracked", "stale", "failed")
    return {"model": name, "ranges": list(ranges), **{s: counts.get(s, 0) for s in states}}


def shown(*models: dict[str, Any], look: Look = PLAIN) -> list[str]:
    return status_text({"schema_version": 1, "models": list(models)}, look).split("\n")[2:]


def test_a_model_has_a_bar_its_counts_and_the_ranges_that_are_not_built() -> None:
    lines = shown(
        a_model(
            "flights",
            a_range("2013-01-01", "2013-01-16", "built"),
            a_range("2013-01-16", "2013-01-31", "stale", reason="the query changed"),
            built=15,
            stale=15,
        )
    )
    assert lines == [
        f"flights  {'#' * 20}{'~' * 20}  15 built, 15 stale",
        "         stale     2013-01-16..2013-01-30: the query changed",
    ]


def test_a_failed_attempt_shows_beside_the_state() -> None:
    lines = shown(a_model("a", a_range("2013-01-01", "2013-01-02", "built", failed=True), built=1))
    assert lines[1] == "   built, failed 2013-01-01"


def test_a_model_that_was_never_built_takes_one_line() -> None:
    lines = shown(a_model("a", a_range("2013-01-01", "2014-01-01", "missing"), missing=365))
    assert lines == [f"a  {'.' * 40}  365 missing"]


def test_hundreds_of_ranges_are_counted_instead_of_listed() -> None:
    holes = [a_range(f"2013-01-{n:02}", f"2013-01-{n + 1:02}", "missing") for n in range(1, 28, 2)]
    lines = shown(a_model("a", *holes, missing=14, built=13))
    assert len(lines) == 10
    assert lines[-1].strip() == "… and 6 more ranges; --json has them all"


def test_keys_are_named_as_they_are() -> None:
    key = {"key": "eu", "state": "stale", "failed": False, "reason": "input changed"}
    lines = shown(a_model("a", key, stale=1, built=1))
    assert lines[1].strip() == "stale     eu: input changed"


def test_status_fits_the_terminal() -> None:
    text = status_text(
        {
            "models": [
                a_model(
                    "a_rather_long_model_name",
                    a_range("2013-01-01", "2013-06-01", "built"),
                    a_range("2013-06-01", "2014-01-01", "stale", reason="because " * 20),
                    built=151,
                    stale=214,
                )
            ]
        },
        Look(terminal=True, width=80),
    )
    assert max(map(len, text.split("\n"))) <= 80
