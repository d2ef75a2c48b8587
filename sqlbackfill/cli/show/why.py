"""What is recorded of a model's partitions against what is now, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.bar import COLOURS
from sqlbackfill.cli.show.diagnostics import printable
from sqlbackfill.cli.show.words import count, ranges

if TYPE_CHECKING:
    from sqlbackfill.app.why import Why, WhyRange
    from sqlbackfill.app.why_causes import WhyCause, Write

_MOST_WRITES = 5


def why_text(why: Why, look: Look) -> str:
    """Every range in a block of its own."""
    if not why.ranges:
        return f"nothing is known of {why.model}"
    return "\n\n".join("\n".join(_range(why.model, item, look)) for item in why.ranges)


def _range(model: str, item: WhyRange, look: Look) -> Iterator[str]:
    named = f"{model} {item.label}".rstrip()
    state = look.paint(item.state, COLOURS[item.state])
    yield f"{look.paint(named, 'bold')}: {state}"
    yield f"  {printable(item.summary)}"
    recorded = item.recorded
    if recorded is not None:
        how = "adopted" if recorded.action.startswith("adopted") else f"built, {recorded.strategy}"
        yield f"  {how}, {count(recorded.rows, 'row')}: {_when(recorded.at)}, run {recorded.run_id}"
    for cause in item.causes:
        yield from _cause(cause, look)
    failure = item.failure
    if failure is not None:
        yield (
            f"  the last attempt failed: {_when(failure.finished_at)}, run {failure.run_id}: "
            f"{printable(failure.message)} ({failure.code})"
        )


def _cause(cause: WhyCause, look: Look) -> Iterator[str]:
    yield f"  {printable(cause.message)}"
    if cause.changed_label and not cause.writes:
        yield f"    {ranges(cause.changed_label)}"
    for write in cause.writes[:_MOST_WRITES]:
        yield f"    {_written(write)}"
    if len(cause.writes) > _MOST_WRITES:
        yield f"    … and {count(len(cause.writes) - _MOST_WRITES, 'run')} more; --json has them all"
    for note in cause.notes:
        yield f"    {printable(note)}"
    for line in (cause.diff or "").splitlines():
        yield f"    {_painted(printable(line), look)}"


def _written(write: Write) -> str:
    if write.run_id is None:
        return f"{ranges(write.label)}: no record stands any more"
    return f"{ranges(write.label)}: {_when(write.at or '')}, run {write.run_id}"


def _painted(line: str, look: Look) -> str:
    if line.startswith(("+++", "---", "@@")):
        return look.paint(line, "dim")
    if line.startswith("+"):
        return look.paint(line, "green")
    return look.paint(line, "red") if line.startswith("-") else line


def _when(at: str) -> str:
    """An ISO 8601 instant in UTC to the second."""
    return at[:19].replace("T", " ") + " UTC" if at else ""
