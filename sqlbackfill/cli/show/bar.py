"""Which ranges of a model are in which state, as one row of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlbackfill.cli.output import Look
from sqlbackfill.dataclass import dataclass

STATES = ("built", "untracked", "stale", "missing", "failed")
"""From good to bad: a block that holds several states shows the last of them."""

COLOURS = {
    "built": "green",
    "untracked": "blue",
    "stale": "yellow",
    "missing": "dim",
    "failed": "red",
}
_SIGNS = {"built": "█", "untracked": "▒", "stale": "▓", "missing": "░", "failed": "✗"}
_PLAIN = {"built": "#", "untracked": "?", "stale": "~", "missing": ".", "failed": "x"}

Bound = str | int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open range of bounds, as in the status document, in one state."""

    start: Bound
    end: Bound
    state: str


def bar(stretches: Sequence[Stretch], width: int, look: Look) -> str:
    """`width` blocks over the whole of `stretches`, coloured by the worst state in each."""
    spans = [(_number(item.start), _number(item.end), item.state) for item in stretches]
    if not spans:
        return ""
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    cells = [-1] * width
    for start, end, state in spans:
        first = int((start - low) / (high - low) * width)
        last = max(first + 1, -int(-(end - low) / (high - low) * width // 1))
        for cell in range(first, min(last, width)):
            cells[cell] = max(cells[cell], STATES.index(state))
    return "".join(_runs(cells, look))


def counts_bar(counts: Sequence[tuple[str, int]], width: int, look: Look) -> str:
    """`width` blocks shared out by the counts of the states, for keys, which have no distances.

    No state that occurs is without a block.
    """
    total = sum(number for _, number in counts)
    if not total:
        return " " * width
    shares = {state: max(number * width // total, 1) for state, number in counts if number}
    widest = max(shares, key=lambda state: shares[state])
    shares[widest] += width - sum(shares.values())
    cells = [STATES.index(state) for state, share in shares.items() for _ in range(share)]
    return "".join(_runs(cells, look))


def legend(look: Look) -> str:
    """What each block means."""
    return "  ".join(
        f"{look.paint(look.sign(_SIGNS[state], _PLAIN[state]), COLOURS[state])} {state}"
        for state in STATES
    )


def _number(bound: Bound) -> float:
    if isinstance(bound, int):
        return float(bound)
    moment = datetime.fromisoformat(bound)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _runs(cells: Iterable[int], look: Look) -> list[str]:
    """One painted piece for each run of equal cells."""
    pieces: list[tuple[int, int]] = []
    for cell in cells:
        if pieces and pieces[-1][0] == cell:
            pieces[-1] = (cell, pieces[-1][1] + 1)
        else:
            pieces.append((cell, 1))
    return [_piece(cell, length, look) for cell, length in pieces]


def _piece(cell: int, length: int, look: Look) -> str:
    if cell < 0:
        return " " * length
    state = STATES[cell]
    return look.paint(look.sign(_SIGNS[state], _PLAIN[state]) * length, COLOURS[state])
