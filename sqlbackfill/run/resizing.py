"""Whether the chunks of a model that are still to come should be smaller or larger than planned. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.plan.chunk_cost import Basis
from sqlbackfill.plan.chunk_cost_fit import PRIOR
from sqlbackfill.plan.chunker import GROWTH, Chunker
from sqlbackfill.plan.sizing import Sizing
from sqlbackfill.plan.strategy import ASKED_FOR
from sqlbackfill.run.schedule import Task

_BEFORE: Final = 2
"""So many chunks of a model must have been built before the next is held against them."""
_OVER: Final = 1.5
_SHRINK: Final = 0.6
_NOTICED_S: Final = 1.0
"""What a chunk takes longer by less than this is not worth another size."""
_SAVING_S: Final = 0.5
_SAVING_SHARE: Final = 0.05
"""What another size is expected to save of what is left, at least."""
_CALM: Final = 3
"""After so many chunks in a row that took what they should, those made smaller grow again."""


@dataclass(frozen=True, slots=True)
class Resized:
    """The most partitions that later chunks of a model are to hold, and the note that says why."""

    most: int
    why: Diagnostic


@dataclass(slots=True)
class _Learnt:
    """What a run has seen of the chunks of one model. `left` of its partitions are not built yet."""

    chunker: Chunker
    left: int
    limit: int
    built: int = 0
    largest: int = 0
    seconds_per_row: float | None = None
    most: int | None = None
    calm: int = 0


def _unknown(_model: str) -> Sizing:
    return Sizing()


class Resizer:
    """Watches what chunks take. What a user or a model's config asked for is never cut anew.

    `sizing` is asked once for each model of which a chunk was built while others are left; where it
    is None the model's chunks stay as planned. With a budget nothing is to grow beyond its plan, since the
    next chunk decides where the run stops.
    """

    def __init__(
        self, sizing: Callable[[str], Sizing | None] = _unknown, *, may_grow: bool = True
    ) -> None:
        self._sizing = sizing
        self._may_grow = may_grow
        self._learnt: dict[str, _Learnt | None] = {}

    def finished(self, task: Task, rows: int, seconds: float) -> Resized | None:
        """What later chunks of the model should hold; None where that stays as it is.

        One that took over half as long again as those before it say, and not because it has more
        rows, is followed by ones of six tenths. Others grow or shrink where that saves a twentieth,
        and half a second, of what is left: by what the chunks so far have cost.
        """
        size = _size(task)
        learnt = self._of(task)
        if learnt is None:
            return None
        expected_s, usual = learnt.chunker.cost.seconds(size), learnt.seconds_per_row
        is_denser = bool(usual) and rows > 0 and seconds / rows <= _OVER * (usual or 0.0)
        learnt.chunker.finished(size, min(seconds, expected_s) if is_denser else seconds)
        learnt.left -= size
        learnt.built += 1
        learnt.largest = max(learnt.largest, size)
        if rows:
            learnt.seconds_per_row = min(seconds / rows, usual) if usual else seconds / rows
        is_slow = seconds > max(expected_s * _OVER, expected_s + _NOTICED_S)
        if learnt.built > _BEFORE and size > 1 and is_slow and not is_denser:
            learnt.most, learnt.calm = max(1, int(size * _SHRINK)), 0
            return Resized(learnt.most, _slower(task, seconds, learnt.most))
        return self._grown_again(task, learnt) if learnt.most else self._cheaper(task, learnt)

    def too_large(self, task: Task, most: int) -> None:
        """Notes a chunk that ran out of memory or time: none of its model is that large again."""
        learnt = self._of(task)
        if learnt is not None:
            learnt.chunker.too_large(_size(task))
            learnt.limit = min(learnt.limit, most)

    def _of(self, task: Task) -> _Learnt | None:
        model, whole = task.model, len(task.step.partitions)
        if task.step.because.startswith(ASKED_FOR) or len(task.step.chunks) == 1:
            return None
        if model not in self._learnt:
            sizing = self._sizing(model)
            if sizing is None:
                self._learnt[model] = None
                return None
            limit = min(whole, sizing.most or whole)
            chunker = Chunker(
                partitions=whole,
                prior=sizing.cost.curve if sizing.cost else PRIOR,
                most=whole,
                limit=limit,
                is_trusted=sizing.cost is not None and sizing.cost.basis is not Basis.PRIOR,
            )
            self._learnt[model] = _Learnt(chunker, whole, limit)
        return self._learnt[model]

    def _grown_again(self, task: Task, learnt: _Learnt) -> Resized | None:
        """Larger ones where what made a chunk slow seems to have passed."""
        most = learnt.most or 1
        learnt.calm += 1
        if learnt.calm < _CALM or most >= learnt.limit:
            return None
        learnt.calm = 0
        grown = min(max(most + 1, int(most / _SHRINK)), learnt.limit)
        learnt.most = grown if grown < learnt.largest else None
        return Resized(
            grown, _larger(task, grown, "those since the slow one took what they should")
        )

    def _cheaper(self, task: Task, learnt: _Learnt) -> Resized | None:
        """Another size where it pays, no more than four times the largest that was built."""
        size, left = _size(task), learnt.left
        if left <= size or learnt.built < _BEFORE:
            return None
        cost = learnt.chunker.cost
        most = GROWTH * learnt.largest if self._may_grow else learnt.largest
        wish = min(learnt.chunker.next_size(left), learnt.limit, most)
        saving_s = cost.total_s(left, size) - cost.total_s(left, wish)
        if saving_s < max(_SAVING_S, _SAVING_SHARE * cost.total_s(left, size)):
            return None
        saved = f"so that {saving_s:.1f} s are saved by what the chunks so far took"
        return Resized(
            wish, _larger(task, wish, saved) if wish > size else _smaller(task, wish, saved)
        )


def _size(task: Task) -> int:
    return task.chunk.end - task.chunk.start


def _slower(task: Task, seconds: float, most: int) -> Diagnostic:
    return _note(
        "CHUNK_SLOWER",
        task,
        f"{_size(task)} partitions took {seconds:.1f} s, over half as long again as expected; "
        f"later chunks hold no more than {most}",
    )


def _smaller(task: Task, most: int, why: str) -> Diagnostic:
    return _note("CHUNK_SMALLER", task, f"later chunks hold no more than {most} partitions, {why}")


def _larger(task: Task, most: int, why: str) -> Diagnostic:
    return _note("CHUNK_LARGER", task, f"later chunks hold up to {most} partitions, {why}")


def _note(code: str, task: Task, message: str) -> Diagnostic:
    """What the ledger keeps of a chunk after which the others are cut anew."""
    return Diagnostic(
        code=code,
        severity=Severity.NOTE,
        message=message,
        model=task.model,
        fix="nothing has to be done: the rows are the same",
    )
