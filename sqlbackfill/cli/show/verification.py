"""What verify found: one line a strategy, then the first rows that differ."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.diagnostics import printable
from sqlbackfill.cli.show.table import Column, Table
from sqlbackfill.cli.show.words import count, ranges

if TYPE_CHECKING:
    from sqlbackfill.app.row_comparison import RowDifference
    from sqlbackfill.app.verification import StrategyOutcome, Verification


def verification_text(found: Verification, look: Look) -> str:
    """The whole answer for people."""
    rows = "" if found.reference_rows is None else f", {count(found.reference_rows, 'row')}"
    head = look.paint(found.model, "bold", "cyan")
    parts = [
        f"{head}  {ranges(found.label)}\ncompared with: {found.reference}{rows}",
        _strategies(found, look),
        *_differences(found, look),
    ]
    return "\n\n".join(parts)


def _strategies(found: Verification, look: Look) -> str:
    table = Table(
        columns=(
            Column("strategy", keep=True),
            Column("queries", right=True),
            Column("rows", right=True),
            Column("seconds", right=True),
            Column("result", keep=True),
            Column("because"),
        ),
        rows=tuple(
            (
                one.strategy,
                f"{one.queries:,}" if one.queries else "",
                "" if one.rows is None else f"{one.rows:,}",
                f"{one.seconds:.3f}" if one.seconds and one.queries else "",
                _result(one),
                one.reason or "",
            )
            for one in found.strategies
        ),
        styles=(("equal", "green"), ("different", "red")),
    )
    return table.draw(look)


def _result(one: StrategyOutcome) -> str:
    if one.equal is None:
        return "not run" if one.rows is None else "unclear"
    return "equal" if one.equal else "different"


def _differences(found: Verification, look: Look) -> list[str]:
    blocks = []
    for strategy, group in groupby(found.differences, key=lambda pair: pair[0]):
        lines = [look.paint(f"first rows of {strategy} that differ", "bold")]
        lines += [f"  {_row(difference)}" for _, difference in group]
        blocks.append("\n".join(lines))
    return blocks


def _row(difference: RowDifference) -> str:
    values = ", ".join(
        f"{name}={'NULL' if value is None else value}" for name, value in difference.row.items()
    )
    return printable(f"{difference.count} for {difference.expected_count}: {values}")
