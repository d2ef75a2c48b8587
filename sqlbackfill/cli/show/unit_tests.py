"""What became of unit tests, for people: a line for each test, and how the rows of failed ones differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.diagnostics import Lines, every_error, printable
from sqlbackfill.cli.show.words import count, duration

if TYPE_CHECKING:
    from sqlbackfill.app.unit_test_diff import ChangedRow, Row, RowDiff
    from sqlbackfill.app.unit_tests import UnitReport, UnitResult

_MOST_ROWS = 10
_COLOURS = {"passed": "green", "failed": "red", "error": "red"}


def report_text(report: UnitReport, look: Look, lines: Lines) -> str:
    """The whole answer: failed tests with their differences, last the count."""
    if not report.results:
        return "no unit tests: write them under `unit_tests:` in the models' yml"
    blocks = [_line(one, look) for one in report.results]
    for one in report.results:
        if one.errors:
            blocks.append(f"\n{_head(one, look)}\n{every_error(one.errors, look, lines)}")
        elif one.diff:
            blocks.append(f"\n{_head(one, look)}\n{diff_text(one.diff, look)}")
    blocks.append(f"\n{_total(report)}")
    return "\n".join(blocks)


def _line(one: UnitResult, look: Look) -> str:
    partitions = f"  {','.join(one.test.partitions)}" if one.test.partitions else ""
    status = look.paint(f"{one.status:<6}", _COLOURS[one.status])
    return printable(f"{status}  {one.test.model}  {one.test.name}{partitions}")


def _head(one: UnitResult, look: Look) -> str:
    span = one.test.span
    name = look.paint(f"{one.test.model}  {one.test.name}", "bold")
    return f"{name}  {span.file}:{span.line}"


def _total(report: UnitReport) -> str:
    counts = [
        f"{report.count(status)} {word}"
        for status, word in (("passed", "passed"), ("failed", "failed"), ("error", "in error"))
        if report.count(status)
    ]
    seconds = sum(one.seconds for one in report.results)
    return f"{count(len(report.results), 'unit test')}: {', '.join(counts)} in {duration(seconds)}"


def diff_text(diff: RowDiff, look: Look) -> str:
    """The changed cells, the missing rows and the unexpected ones, the first of each."""
    lines = [f"  {count(diff.expected_rows, 'row')} expected, {diff.actual_rows:,} came out"]
    for one in diff.changed[:_MOST_ROWS]:
        lines += _changed(diff, one, look)
    for title, sign, colour, rows in (
        ("missing", "-", "red", diff.missing),
        ("unexpected", "+", "green", diff.unexpected),
    ):
        for row in rows[:_MOST_ROWS]:
            lines.append(look.paint(f"  {sign} {title}: {_row(diff, row)}", colour))
    total = len(diff.changed), len(diff.missing), len(diff.unexpected)
    hidden = sum(max(0, number - _MOST_ROWS) for number in total)
    if hidden:
        lines.append(f"  … and {count(hidden, 'row')} more")
    return "\n".join(lines)


def _changed(diff: RowDiff, one: ChangedRow, look: Look) -> list[str]:
    same = [at for at in range(len(diff.columns)) if at not in one.cells]
    where = ", ".join(f"{diff.columns[at].name}={_value(one.expected[at])}" for at in same)
    lines = [f"  ~ {look.paint('changed', 'yellow')}: {where}"]
    for at in one.cells:
        column = diff.columns[at]
        lines.append(
            printable(
                f"      {column.name} ({column.type}): expected {_value(one.expected[at])}, "
                f"got {_value(one.actual[at])}"
            )
        )
    return lines


def _row(diff: RowDiff, row: Row) -> str:
    cells = (f"{c.name}={_value(v)}" for c, v in zip(diff.columns, row, strict=True))
    return printable(", ".join(cells))


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)
