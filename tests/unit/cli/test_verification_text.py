"""What verify found, as people read it."""

from __future__ import annotations

from sqlbackfill.app.row_comparison import RowDifference
from sqlbackfill.app.verification import StrategyOutcome, Verification
from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.verification import verification_text

FOUND = Verification(
    model="streak",
    label="2024-01-05..2024-01-08",
    partitions=({"start": "2024-01-05", "end": "2024-01-09"},),
    reference="unfiltered query",
    reference_rows=12,
    strategies=(
        StrategyOutcome(strategy="partition", rows=12, queries=4, seconds=0.04, equal=True),
        StrategyOutcome(
            strategy="chunk=3", rows=12, queries=0, seconds=0.0, equal=True, reason="the same"
        ),
        StrategyOutcome(
            strategy="range", rows=1200, queries=1, seconds=1.5, equal=False, reason="2 rows differ"
        ),
    ),
    differences=(("range", RowDifference({"day": "2024-01-05", "note": None}, 0, 2)),),
)


def test_each_strategy_has_its_line_and_each_difference_its_row() -> None:
    assert verification_text(FOUND, Look()).split("\n") == [
        "streak  2024-01-05..2024-01-08",
        "compared with: unfiltered query, 12 rows",
        "",
        "strategy   queries   rows  seconds  result     because",
        "partition        4     12    0.040  equal",
        "chunk=3                12           equal      the same",
        "range            1  1,200    1.500  different  2 rows differ",
        "",
        "first rows of range that differ",
        "  0 for 2: day=2024-01-05, note=NULL",
    ]


def test_what_was_not_run_and_what_is_unclear_are_told_apart() -> None:
    found = Verification(
        model="m",
        label="2024-01-05",
        partitions=(),
        reference="unfiltered query",
        strategies=(
            StrategyOutcome(strategy="range", reason="not allowed"),
            StrategyOutcome(strategy="partition", rows=1, queries=1, seconds=0.1, reason="ties"),
        ),
    )
    text = verification_text(found, Look())

    assert "not run" in text
    assert "unclear" in text
    assert "compared with: unfiltered query\n" in text
