"""How the partitions of a step are cut into queries: strategies and their chunks."""

from __future__ import annotations

from enum import StrEnum

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.types import Chunk

CALENDAR = ("week", "month", "quarter", "year")
SAME_ROWS = "one query over the range gives the same rows as one per partition"
ASKED_FOR = "asked for"
"""Why a step is cut as it is where the user or the model's config said so."""


class Kind(StrEnum):
    """The four strategies; `auto` chooses one of the other three."""

    AUTO = "auto"
    RANGE = "range"
    CHUNK = "chunk"
    PARTITION = "partition"


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy as asked for or chosen; `size` is a count or a calendar word, for `chunk` only."""

    kind: Kind
    size: int | str | None = None

    def __str__(self) -> str:
        return f"chunk={self.size}" if self.kind is Kind.CHUNK else self.kind.value


@dataclass(frozen=True, slots=True)
class Choice:
    """The strategy taken, why, and whether it is the one that was asked for.

    `is_open` tells that nobody asked for it and every other would give the same rows.
    """

    strategy: Strategy
    because: str
    is_as_asked: bool = True
    is_open: bool = False


AUTO = Strategy(Kind.AUTO)


def parse_strategy(text: str) -> Strategy:
    """`range`, `chunk=N`, `chunk=week|month|quarter|year`, `partition` or `auto`.

    Raises UsageError INVALID_STRATEGY for anything else, N below 1 included.
    """
    word, has_size, size = text.strip().lower().partition("=")
    if word == Kind.CHUNK and has_size:
        if size in CALENDAR:
            return Strategy(Kind.CHUNK, size)
        if size.isascii() and size.isdigit() and int(size) > 0:
            return Strategy(Kind.CHUNK, int(size))
    elif not has_size and word in (Kind.AUTO, Kind.RANGE, Kind.PARTITION):
        return Strategy(Kind(word))
    raise UsageError(
        Diagnostic(
            code="INVALID_STRATEGY",
            message=f"`{text}` is not a strategy",
            fix="use auto, range, chunk=N, chunk=week, chunk=month, chunk=quarter, chunk=year or partition",
        )
    )


def choose(
    asked: Strategy, allowed: tuple[str, ...], *, why_not: str | None, max_chunk: int | None
) -> Choice:
    """The strategy to use of those that the analysis allows.

    `why_not` is the reason that rules others out, shown where they were wanted; `max_chunk`
    (partitions) caps what `auto` and `range` put into one query. Where a choice between equal rows
    decides what comes out, `range` alone may be allowed: then nothing cuts it, `max_chunk` neither.
    """
    wanted = Kind.RANGE if asked.kind is Kind.AUTO else asked.kind
    is_open = asked.kind is Kind.AUTO and allowed_all(allowed)
    if wanted is Kind.RANGE and max_chunk is not None and Kind.CHUNK in allowed:
        why = f"max_chunk is {max_chunk}"
        return Choice(Strategy(Kind.CHUNK, max_chunk), why, is_open=is_open)
    if wanted in allowed:
        only = why_not or "the analysis allows one query over the whole range only"
        is_sole = len(allowed) == 1
        why = ASKED_FOR if asked.kind is not Kind.AUTO else only if is_sole else SAME_ROWS
        return Choice(asked if asked.kind is wanted else Strategy(wanted), why, is_open=is_open)
    nearest = Kind.PARTITION if Kind.RANGE not in allowed else Kind.RANGE
    what = "one partition a query" if nearest is Kind.PARTITION else "one query over the range"
    return Choice(
        Strategy(nearest),
        why_not or f"the analysis allows {what} only",
        is_as_asked=asked.kind is Kind.AUTO,
    )


def allowed_all(allowed: tuple[str, ...]) -> bool:
    """Whether every way to cut gives the same rows."""
    return {Kind.RANGE, Kind.CHUNK, Kind.PARTITION} <= set(allowed)


def cut(
    partitions: PartitionSet, strategy: Strategy, partitioning: AnyPartitioning
) -> tuple[Chunk, ...]:
    """The chunks of `partitions`, ascending; a gap is never bridged (design: Strategies)."""
    match strategy.kind:
        case Kind.RANGE | Kind.AUTO:
            spans = partitions.ranges
        case Kind.PARTITION:
            spans = tuple((ordinal, ordinal + 1) for ordinal in partitions.ordinals())
        case Kind.CHUNK:
            if isinstance(strategy.size, int):
                spans = partitions.chunks(strategy.size)
            else:
                spans = partitioning.calendar_cuts(partitions, str(strategy.size))
    return tuple(Chunk(start, end) for start, end in spans)
