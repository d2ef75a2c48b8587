"""Whether the chunks of a model that are still to come should be smaller than planned. Pure."""

from __future__ import annotations

from typing import Final

from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.plan.chunk_cost_fit import PRIOR
from sqlbackfill.plan.chunker import Chunker
from sqlbackfill.plan.strategy import ASKED_FOR
from sqlbackfill.run.schedule import Task

_BEFORE: Final = 2
"""So many chunks of a model must have been built before the next is held against them."""
_OVER: Final = 1.5
_SHRINK: Final = 0.6
_NOTICED_S: Final = 1.0
"""What a chunk takes longer by less than this is not worth another size."""


class Resizer:
    """Watches what chunks take. What a user or a model's config asked for is never cut anew."""

    def __init__(self) -> None:
        self._learnt: dict[str, Chunker] = {}
        self._built: dict[str, int] = {}
        self._seconds_per_row: dict[str, float] = {}

    def finished(self, task: Task, rows: int, seconds: float) -> int | None:
        """The most partitions that later chunks of the model may hold; None where all went as expected.

        One that took over half as long again as those before it say, and not because it has more
        rows, is followed by ones of six tenths.
        """
        model, size = task.model, task.chunk.end - task.chunk.start
        if task.step.because.startswith(ASKED_FOR):
            return None
        learnt = self._learnt.get(model)
        if learnt is None:
            whole = len(task.step.partitions)
            learnt = Chunker(partitions=whole, prior=PRIOR, most=whole, limit=whole)
            self._learnt[model] = learnt
        expected, before = learnt.cost.seconds(size), self._built.get(model, 0)
        usual = self._seconds_per_row.get(model)
        is_denser = bool(usual) and rows > 0 and seconds / rows <= _OVER * (usual or 0.0)
        learnt.finished(size, seconds)
        self._built[model] = before + 1
        if rows:
            each = seconds / rows
            self._seconds_per_row[model] = min(each, usual) if usual else each
        is_slow = seconds > max(expected * _OVER, expected + _NOTICED_S)
        if before < _BEFORE or size == 1 or is_denser or not is_slow:
            return None
        return max(1, int(size * _SHRINK))


def slower(task: Task, seconds: float, most: int) -> Diagnostic:
    """What the ledger keeps of a chunk after which the others are smaller."""
    size = task.chunk.end - task.chunk.start
    return Diagnostic(
        code="CHUNK_SLOWER",
        severity=Severity.NOTE,
        message=f"{size} partitions took {seconds:.1f} s, over half as long again as expected; "
        f"later chunks hold no more than {most}",
        model=task.model,
        fix="nothing has to be done: the rows are the same",
    )
