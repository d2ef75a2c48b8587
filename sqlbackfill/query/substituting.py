"""The facts of a query whose bounds a column can stand for: those of the query with the column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import SourceSpan
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import AnalysisRequest, QueryFacts, Read
from sqlbackfill.query.substituted import Substitution

_ALL = ("range", "chunk", "partition")


def with_substitution(
    request: AnalysisRequest, facts: QueryFacts, analyse: Callable[[AnalysisRequest], QueryFacts]
) -> QueryFacts:
    """`facts`, or where its author's bounds pin it and a column can stand for them, what is then known."""
    declared = request.partition.column_type if request.partition is not None else None
    if (
        facts.author_bounds_hold is not False
        or facts.reads_itself
        or facts.errors
        or facts.partition_type is not BoundType.DATE
        or declared not in (None, BoundType.DATE)
    ):
        return facts
    from sqlbackfill.query.splice import column_edits, replaced
    from sqlbackfill.query.value_bounds import substitution_of

    substitution = substitution_of(request)
    edits = column_edits(request.sql, substitution) if substitution is not None else None
    if substitution is None or edits is None:
        return facts
    moved = _Moved(request.sql, edits)
    locate = moved.located(request.locate) if request.locate is not None else None
    found = analyse(replace(request, sql=replaced(request.sql, edits), locate=locate))
    types = [(one.name, one.type) for one in found.columns]
    if (
        found.strategies != _ALL
        or found.is_volatile
        or found.errors
        or types != [(one.name, one.type) for one in facts.columns]
    ):
        return facts
    return replace(
        facts,
        reads=tuple(_explained(read, substitution) for read in found.reads),
        occurrences=found.occurrences,
        verdict=found.verdict,
        reasons=found.reasons,
        strategies=found.strategies,
        is_plain=found.is_plain,
        author_bounds_hold=True,
        substituted=substitution,
        has_confined_choices=found.has_confined_choices,
        warnings=found.warnings,
    )


def _explained(read: Read, substitution: Substitution) -> Read:
    if read.window is None:
        return read
    said = f"the bound `partition.start` is replaced by its column `{substitution.column}`"
    return replace(read, because=f"{said}; {read.because}")


class _Moved:
    """Where places of the changed text were in the text as it was."""

    def __init__(self, sql: str, edits: list[tuple[int, int, str]]) -> None:
        self._before = _starts(sql)
        self._after = _starts_after(sql, edits)
        self._edits = edits

    def located(self, locate: Callable[[int, int], SourceSpan]) -> Callable[[int, int], SourceSpan]:
        """`locate` for places of the changed text."""

        def located(line: int, column: int) -> SourceSpan:
            at = self._back(self._after[min(line, len(self._after)) - 1] + column - 1)
            number = bisect_right(self._before, at)
            return locate(number, at - self._before[number - 1] + 1)

        return located

    def _back(self, at: int) -> int:
        shift = 0
        for start, end, text in self._edits:
            if at < start + shift:
                break
            if at < start + shift + len(text):
                return start
            shift += len(text) - (end - start)
        return at - shift


def _starts(sql: str) -> list[int]:
    return [0, *(at + 1 for at, letter in enumerate(sql) if letter == "\n")]


def _starts_after(sql: str, edits: list[tuple[int, int, str]]) -> list[int]:
    from sqlbackfill.query.splice import replaced

    return _starts(replaced(sql, edits))
