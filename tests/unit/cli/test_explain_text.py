"""What is proven about a model, as people read it."""

from __future__ import annotations

from typing import Any

import pytest

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.explain import explain_text, reads_text

LOOK = Look()
REASON = {
    "code": "WINDOW_OMITS_P",
    "severity": "note",
    "message": "the window looks across days",
    "file": "models/carrier_streak.sql",
    "line": 2,
    "column": 5,
    "fix": None,
    "model": "carrier_streak",
}
MODEL: dict[str, Any] = {
    "model": "carrier_streak",
    "dialect": "duckdb",
    "partition": {"column": "flight_date", "grain": "day", "timezone": "UTC"},
    "separable": {"verdict": "refuted", "reasons": [REASON]},
    "reads_itself": False,
    "write_scope": "partition",
    "inputs": [
        {
            "relation": "carrier_day",
            "column": "flight_date",
            "read": {"kind": "past", "grain": "day", "start_offset": None, "end_offset": 0},
            "because": "lag() over a window without flight_date in PARTITION BY",
        }
    ],
    "strategies": ["range", "chunk", "partition"],
}


def explained(model: dict[str, Any], look: Look = LOOK) -> str:
    return explain_text({"models": [model]}, look, lambda _: ["select", "    lag(cancelled)"])


@pytest.mark.parametrize(
    ("start", "end", "grain", "text"),
    [
        (-6, 0, "day", "−6…0 days"),
        (0, 27, "day", "0…+27 days"),
        (0, 0, "week", "the same week"),
        (-1, -1, "day", "−1…−1 days"),
        (-6, 0, "6 hours", "−6…0 6 hours"),
    ],
)
def test_a_window_is_told_by_its_ends(start: int, end: int, grain: str, text: str) -> None:
    read = {"kind": "window", "grain": grain, "start_offset": start, "end_offset": end}
    assert reads_text(read) == text


def test_the_verdict_comes_with_the_line_that_it_rests_on() -> None:
    text = explained(MODEL)
    assert "carrier_streak  day of flight_date, duckdb" in text
    assert "  separable: refuted: " in text
    assert "  note[WINDOW_OMITS_P]: the window looks across days" in text
    assert "  2 |     lag(cancelled)" in text
    assert "  strategies: range, chunk, partition; replaces its own partitions only" in text


def test_each_input_says_what_is_read_of_it_and_why() -> None:
    row = next(line for line in explained(MODEL).split("\n") if "carrier_day" in line)
    assert "all of the past" in row
    assert "lag() over a window" in row


def test_what_reads_itself_is_said_to_be_built_in_order() -> None:
    assert "reads its own earlier partitions" in explained({**MODEL, "reads_itself": True})
    assert "reads its own earlier partitions" not in explained(MODEL)


def test_a_model_that_reads_nothing_says_so() -> None:
    assert "reads nothing" in explained({**MODEL, "inputs": [], "partition": None})


def test_explain_fits_eighty_columns() -> None:
    inputs = [{**MODEL["inputs"][0], "relation": f"nyc.a_source_{n}"} for n in range(3)]
    text = explained({**MODEL, "inputs": inputs}, Look(terminal=True, width=80))
    assert max(map(len, text.split("\n"))) <= 80
