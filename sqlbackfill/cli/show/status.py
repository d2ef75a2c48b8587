"""The status of models for people: a bar for each model, counts, and ranges with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.bar import COLOURS, Stretch, bar, counts_bar, legend
from sqlbackfill.cli.show.diagnostics import printable
from sqlbackfill.cli.show.progress import ModelProgress, bar_line
from sqlbackfill.cli.show.words import folded

if TYPE_CHECKING:
    from sqlbackfill.app.status import ModelStatus, Status
    from sqlbackfill.run.runfile import RunFile

_COUNTED = ("built", "stale", "missing", "untracked", "failed")
_MOST_RANGES = 8
_BAR = 40


def status_text(status: Status, look: Look) -> str:
    """All models, in order; or the run that holds the database, which is all that is known then."""
    if status.running is not None:
        return _under_way(status.running, look)
    models = status.models
    if not models:
        return "no models"
    wide = max(len(model.model) for model in models)
    said = max(len(_counted(model)) for model in models)
    room = (look.width or 120) - wide - said - 4
    blocks = [_model(model, wide, max(min(room, _BAR), 10), look) for model in models]
    return "\n".join([legend(look), "", *(line for block in blocks for line in block)])


def _model(model: ModelStatus, wide: int, width: int, look: Look) -> list[str]:
    name = look.paint(f"{model.model:<{wide}}", "bold")
    head = f"{name}  {_blocks(model, width, look)}  {_counted(model, look)}"
    return [head, *_ranges(model, wide, look)]


def _counted(model: ModelStatus, look: Look | None = None) -> str:
    """How many partitions are in each state that occurs, painted for `look` if there is one."""
    look = look or Look()
    said = [
        look.paint(f"{number:,} {state}", COLOURS[state])
        for state, number in _counts(model)
        if number
    ]
    return ", ".join(said) or "no partitions"


def _counts(model: ModelStatus) -> list[tuple[str, int]]:
    return [(state, getattr(model, state)) for state in _COUNTED]


def _blocks(model: ModelStatus, width: int, look: Look) -> str:
    stretches = [
        Stretch(item.bounds["start"], item.bounds["end"], "failed" if item.failed else item.state)
        for item in model.ranges
        if item.bounds.get("start") is not None
    ]
    if stretches:
        return bar(stretches, width, look)
    states = [(state, number) for state, number in _counts(model) if state != "failed"]
    return counts_bar(states, width, look)


def _ranges(model: ModelStatus, wide: int, look: Look) -> list[str]:
    """What is not simply built, one line a range, the first few in full."""
    told = [item for item in model.ranges if item.state != "built" or item.failed]
    if len(told) == 1 and not told[0].reason and not model.built:
        return []
    lines: list[str] = []
    indent = " " * (wide + 2)
    for item in told[:_MOST_RANGES]:
        state = f"{item.state}, failed" if item.failed else item.state
        said = ": ".join(part for part in (item.label, printable(item.reason or "")) if part)
        lines += folded(
            f"{state:<9} {said}".rstrip(), width=look.width, first=indent, rest=f"{indent}  "
        )
    if len(told) > _MOST_RANGES:
        lines.append(f"{indent}… and {len(told) - _MOST_RANGES:,} more ranges; --json has them all")
    return lines


def _under_way(run: RunFile, look: Look) -> str:
    """What the run that holds the database says of itself."""
    wide = min(max((len(name) for name in run.models), default=0), 22)
    lines = [f"run {run.run_id} is under way (process {run.process.pid}): {run.command}"]
    for name, model in run.models.items():
        progress = ModelProgress(
            name,
            model.total,
            done=model.built,
            skipped=model.skipped,
            failed=model.failed + model.blocked,
            rows=model.rows,
        )
        lines.append(bar_line(progress, 0.0, look, wide))
    return "\n".join(lines)
