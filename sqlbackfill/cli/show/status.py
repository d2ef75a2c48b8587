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
    models: Sequence[Document] = document["models"]
    if not models:
        return "no models"
    wide = max(len(model["model"]) for model in models)
    blocks = [_model(model, wide, look) for model in models]
    return "\n".join([legend(look), "", *(line for block in blocks for line in block)])


def _model(model: Document, wide: int, look: Look) -> list[str]:
    counts = [(state, int(model[state])) for state in _COUNTED if model[state]]
    said = ", ".join(look.paint(f"{number:,} {state}", COLOURS[state]) for state, number in counts)
    plain = ", ".join(f"{number:,} {state}" for state, number in counts) or "no partitions"
    room = (look.width or 100) - wide - 4
    blocks = _blocks(model, counts, min(_BAR, max(room - len(plain), 10)), look)
    name = look.paint(f"{model['model']:<{wide}}", "bold")
    return [f"{name}  {blocks}  {said or plain}", *_ranges(model, wide, look)]


def _blocks(model: Document, counts: list[tuple[str, int]], width: int, look: Look) -> str:
    stretches = [
        Stretch(item["start"], item["end"], "failed" if item["failed"] else item["state"])
        for item in model["ranges"]
        if "start" in item
    ]
    if stretches:
        return bar(stretches, width, look)
    states = [(state, number) for state, number in counts if state != "failed"]
    return counts_bar(states, width, look) if states else " " * width


def _ranges(model: Document, wide: int, look: Look) -> list[str]:
    """What is not simply built, one line a range, the first few in full."""
    told = [item for item in model["ranges"] if item["state"] != "built" or item["failed"]]
    if len(told) == 1 and not told[0].get("reason") and not model["built"]:
        return []
    lines: list[str] = []
    indent = " " * (wide + 2)
    for item in told[:_MOST_RANGES]:
        state = f"{item['state']}, failed" if item["failed"] else item["state"]
        where = item["key"] if "key" in item else range_text(item["start"], item["end"])
        reason = f": {printable(str(item['reason']))}" if item.get("reason") else ""
        lines += folded(
            f"{state:<9} {where}{reason}", width=look.width, first=indent, rest=f"{indent}  "
        )
    if len(told) > _MOST_RANGES:
        lines.append(f"{indent}… and {len(told) - _MOST_RANGES:,} more ranges; --json has them all")
    return lines
