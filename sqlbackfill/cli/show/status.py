"""The status document for people: a bar for each model, counts, and ranges with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.bar import COLOURS, Stretch, bar, counts_bar, legend, range_text
from sqlbackfill.cli.show.diagnostics import printable
from sqlbackfill.cli.show.words import folded

Document = Mapping[str, Any]
_COUNTED = ("built", "stale", "missing", "untracked", "failed")
_MOST_RANGES = 8
_BAR = 40


def status_text(document: Document, look: Look) -> str:
    """All models of a status document, in its order."""
    if document.get("running"):
        return _under_way(document["running"], look)
    models: Sequence[Document] = document["models"]
    if not models:
        return "no models"
    wide = max(len(model["model"]) for model in models)
    said = max(len(_counted(model)) for model in models)
    room = (look.width or 120) - wide - said - 4
    blocks = [_model(model, wide, max(min(room, _BAR), 10), look) for model in models]
    return "\n".join([legend(look), "", *(line for block in blocks for line in block)])


def _model(model: Document, wide: int, width: int, look: Look) -> list[str]:
    name = look.paint(f"{model['model']:<{wide}}", "bold")
    head = f"{name}  {_blocks(model, width, look)}  {_counted(model, look)}"
    return [head, *_ranges(model, wide, look)]


def _counted(model: Document, look: Look | None = None) -> str:
    """How many partitions are in each state that occurs, painted for `look` if there is one."""
    look = look or Look()
    said = [
        look.paint(f"{model[state]:,} {state}", COLOURS[state])
        for state in _COUNTED
        if model[state]
    ]
    return ", ".join(said) or "no partitions"


def _blocks(model: Document, width: int, look: Look) -> str:
    stretches = [
        Stretch(item["start"], item["end"], "failed" if item["failed"] else item["state"])
        for item in model["ranges"]
        if item.get("start") is not None
    ]
    if stretches:
        return bar(stretches, width, look)
    return counts_bar(
        [(state, model[state]) for state in _COUNTED if state != "failed"], width, look
    )


def _ranges(model: Document, wide: int, look: Look) -> list[str]:
    """What is not simply built, one line a range, the first few in full."""
    told = [item for item in model["ranges"] if item["state"] != "built" or item["failed"]]
    if len(told) == 1 and not told[0].get("reason") and not model["built"]:
        return []
    lines: list[str] = []
    indent = " " * (wide + 2)
    for item in told[:_MOST_RANGES]:
        state = f"{item['state']}, failed" if item["failed"] else item["state"]
        said = [_where(item), printable(str(item.get("reason") or ""))]
        lines += folded(
            f"{state:<9} {': '.join(part for part in said if part)}".rstrip(),
            width=look.width,
            first=indent,
            rest=f"{indent}  ",
        )
    if len(told) > _MOST_RANGES:
        lines.append(f"{indent}… and {len(told) - _MOST_RANGES:,} more ranges; --json has them all")
    return lines


def _where(item: Document) -> str:
    """The range in -p syntax; nothing for a table without partitions."""
    if "key" in item:
        return str(item["key"])
    return "" if item["start"] is None else range_text(item["start"], item["end"])


def _under_way(run: Document, look: Look) -> str:
    """What the run that holds the database says of itself: it is all that can be known."""
    from sqlbackfill.cli.show.progress import ModelProgress, bar_line

    wide = min(max((len(name) for name in run["models"]), default=0), 22)
    lines = [f"run {run['run_id']} is under way (process {run['pid']}): {run['command']}"]
    for name, model in run["models"].items():
        progress = ModelProgress(
            name,
            model["total"],
            done=model["built"],
            skipped=model["skipped"],
            failed=model["failed"] + model["blocked"],
            rows=model["rows"],
        )
        lines.append(bar_line(progress, 0.0, look, wide))
    return "\n".join(lines)
