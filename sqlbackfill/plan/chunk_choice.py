"""Which of the ways to cut a step into queries is the cheapest, and why. Pure: costs are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.partitions.whole import AnyPartitioning
from sqlbackfill.plan.chunk_cost import Basis, ModelCost
from sqlbackfill.plan.strategy import CALENDAR, SAME_ROWS, Choice, Kind, Strategy

_BASES: Mapping[Basis, str] = {
    Basis.HISTORY: "by its history",
    Basis.EXPLAIN: "by the statistics of what it reads",
    Basis.PRIOR: "by a first guess",
}
_SAVING_SHARE = 0.05
_SAVING_S = 0.2
_MEASURED_SAVING_S = 0.5
"""By history, since a busy machine makes what was measured longer."""
_STEP = 4
_NEARLY = 0.75
"""Of the largest size that is allowed: a calendar's that holds as much is taken in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is known of a model's chunks before they run.

    `most` is the largest, in partitions, that is thought to fit where it runs, for the reason
    `why_most`; None where nothing says so.
    """

    cost: ModelCost
    most: int | None = None
    why_most: str = ""


@dataclass(frozen=True, slots=True)
class _Option:
    """A way to cut, its name, the sizes of its chunks with how many there are, and its cost."""

    strategy: Strategy
    name: str
    sizes: tuple[tuple[int, int], ...]
    seconds: float

    @property
    def largest(self) -> int:
        return max(size for size, _ in self.sizes)

    @property
    def queries(self) -> int:
        return sum(count for _, count in self.sizes)


def cheapest(
    partitions: PartitionSet,
    partitioning: AnyPartitioning,
    outlook: Outlook,
    *,
    max_chunk: int | None,
) -> Choice:
    """The cheapest way to cut `partitions` of a model that allows every strategy.

    What is larger than `max_chunk` or `outlook.most` is ruled out. More queries have to save a
    twentieth, and a fifth of a second or by history a half, so that noise does not decide. The same arguments give the
    same choice. The reason is to be read after the strategy's name.
    """
    most = min((each for each in (max_chunk, outlook.most) if each is not None), default=None)
    options = [
        option
        for option in _options(partitions, partitioning, outlook.cost, most)
        if most is None or option.largest <= most
    ]
    options.sort(key=lambda option: option.queries)
    best = options[0]
    least_s = _MEASURED_SAVING_S if outlook.cost.basis is Basis.HISTORY else _SAVING_S
    if best.strategy.kind is Kind.RANGE and best.seconds <= least_s:
        return Choice(best.strategy, SAME_ROWS)
    for option in options[1:]:
        if best.seconds - option.seconds > max(best.seconds * _SAVING_SHARE, least_s):
            best = option
    return Choice(best.strategy, _because(best, options, partitions, outlook, max_chunk))


def _options(
    partitions: PartitionSet, partitioning: AnyPartitioning, cost: ModelCost, most: int | None
) -> list[_Option]:
    """Every way that cuts them differently from the ones before it, largest chunks first."""
    found: dict[tuple[tuple[int, int], ...], _Option] = {}
    for strategy, name in _ways(partitions, partitioning, most):
        sizes = _sizes(partitions, partitioning, strategy)
        seconds = sum(cost.curve.seconds(size) * count for size, count in sizes)
        found.setdefault(sizes, _Option(strategy, name, sizes, seconds))
    return list(found.values())


def _ways(
    partitions: PartitionSet, partitioning: AnyPartitioning, most: int | None
) -> Iterator[tuple[Strategy, str]]:
    longest = max(end - start for start, end in partitions.ranges)
    yield Strategy(Kind.RANGE), "range"
    smallest, is_filled = longest, most is None or most >= longest
    if isinstance(partitioning, TimePartitioning):
        for unit in reversed(CALENDAR):
            strategy = Strategy(Kind.CHUNK, unit)
            largest = max(size for size, _ in _sizes(partitions, partitioning, strategy))
            if 1 < largest < smallest:
                smallest = largest
                is_filled = is_filled or (most is not None and most * _NEARLY <= largest <= most)
                yield strategy, unit
    size = _STEP ** ((smallest - 1).bit_length() // 2)
    while size > 1:
        if size * 2 <= smallest:
            yield Strategy(Kind.CHUNK, size), str(size)
        size //= _STEP
    if most is not None and most > 1 and not is_filled:
        yield Strategy(Kind.CHUNK, most), str(most)
    yield Strategy(Kind.PARTITION), "partition"


def _sizes(
    partitions: PartitionSet, partitioning: AnyPartitioning, strategy: Strategy
) -> tuple[tuple[int, int], ...]:
    """The sizes of the chunks and how many there are of each, ascending."""
    counted: Counter[int] = Counter()
    if strategy.kind is Kind.PARTITION:
        counted[1] = len(partitions)
    elif isinstance(strategy.size, str):
        return _calendar_sizes(partitioning, partitions, strategy.size)
    else:
        for start, end in partitions.ranges:
            full, rest = divmod(end - start, strategy.size or end - start)
            counted[strategy.size or end - start] += full
            counted[rest] += 1
    return tuple(sorted((size, count) for size, count in counted.items() if size and count))


@lru_cache(maxsize=256)
def _calendar_sizes(
    partitioning: AnyPartitioning, partitions: PartitionSet, unit: str
) -> tuple[tuple[int, int], ...]:
    """Kept, since the models of a project are often cut alike."""
    cuts = partitioning.calendar_cuts(partitions, unit)
    return tuple(sorted(Counter(end - start for start, end in cuts).items()))


def _because(
    best: _Option,
    options: list[_Option],
    partitions: PartitionSet,
    outlook: Outlook,
    max_chunk: int | None,
) -> str:
    basis = outlook.cost.basis
    others = [option for option in options if option is not best]
    texts = [f"the cheapest {_BASES[basis]}"]
    if basis is Basis.HISTORY:
        texts[0] += f" with {_seconds(best.seconds)} s"
        listed = [f"{option.name} {_seconds(option.seconds)} s" for option in others]
    else:
        listed = [f"{option.name} ×{option.seconds / best.seconds:.2g}" for option in others]
    if listed:
        texts.append(", ".join(listed))
    longest = max(end - start for start, end in partitions.ranges)
    if max_chunk is not None and max_chunk < longest:
        texts.append(f"max_chunk is {max_chunk}")
    if outlook.most is not None and outlook.most < longest:
        texts.append(f"no more than {outlook.most} at once: {outlook.why_most}")
    return "; ".join(texts)


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"
