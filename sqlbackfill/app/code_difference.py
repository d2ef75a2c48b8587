"""What differs between the code that built a partition and that of today: SQL, and all else that counts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import asdict

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query.stored_code import StoredCode


@dataclass(frozen=True, slots=True)
class CodeDifference:
    """`diff` is a unified diff of the rendered SQL, empty where it is the same; `notes` say the rest."""

    diff: str
    notes: tuple[str, ...]


def code_difference(recorded: StoredCode, current: StoredCode) -> CodeDifference:
    """How `current` differs from `recorded`, with the inputs by name in place of the template's."""
    lines = difflib.unified_diff(
        _sql(recorded), _sql(current), "recorded", "current", n=2, lineterm=""
    )
    diff = "\n".join(lines)
    notes = tuple(_notes(recorded, current))
    if not diff and not notes:
        notes = ("the SQL is the same; how it is read has changed with sqlbackfill itself",)
    return CodeDifference(diff, notes)


def _sql(code: StoredCode) -> list[str]:
    text = code.sql
    for marker, ref in code.inputs.items():
        text = text.replace(marker, ref.relation)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def _notes(recorded: StoredCode, current: StoredCode) -> Iterator[str]:
    for what in ("dialect", "session_timezone"):
        before, now = getattr(recorded, what), getattr(current, what)
        if before != now:
            yield f"{what.replace('_', ' ')}: {before} → {now}"
    before, now = (asdict(c.partition) if c.partition else {} for c in (recorded, current))
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            yield f"partition {key}: {before.get(key)} → {now.get(key)}"
    yield from _columns(recorded, current)
    for text in sorted({*map(" ".join, recorded.claims)} ^ {*map(" ".join, current.claims)}):
        yield f"{'no longer' if (text in map(' '.join, recorded.claims)) else 'now'} stated: {text}"
    for text in sorted({*recorded.covered} ^ {*current.covered}):
        yield f"{'no longer' if text in recorded.covered else 'now'} in force: {text}"


def _columns(recorded: StoredCode, current: StoredCode) -> Iterator[str]:
    before, now = (
        {ref.relation: dict(ref.columns or ()) for ref in code.inputs.values()}
        for code in (recorded, current)
    )
    for relation in sorted(before.keys() & now.keys()):
        old, new = before[relation], now[relation]
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                kind = f"{old.get(name) or 'absent'} → {new.get(name) or 'absent'}"
                yield f"column {name} of {relation}: {kind}"
