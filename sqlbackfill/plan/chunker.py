"""How large the next chunk is, learnt while a step runs. Pure: what happened is told to it.

Every chunk is kept work, so measuring costs nothing but a size that was not the best one.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.plan.chunk_cost import ChunkCost
from sqlbackfill.plan.chunk_cost_fit import Sample, fit

_GROWTH: Final = 4
_WORSE: Final = 1.25
_OVER: Final = 1.5
_SHRINK: Final = 0.6
_FIRST_SHARE: Final = 64
_LEAST_RAISE: Final = 1.5


@dataclass(slots=True)
class Chunker:
    """Sizes for the chunks of one step of `partitions`.

    `prior` is the cost as far as it is known before (of which only the shape counts once something
    was measured), `limit` the largest chunk that the analysis and the author allow, `most` the
    largest that is thought to fit in memory: it is raised while chunks of that size go well.
    `is_trusted` tells that the prior comes from history or from the engine's own figures: then the
    first chunk is as large as it says; otherwise it is small, though not so small that what every
    query costs comes many times, and sizes grow by no more than four times. `failures_per_s` is how
    often chunks have failed by no fault of their own.
    """

    partitions: int
    prior: ChunkCost
    most: int
    limit: int
    is_trusted: bool = False
    failures_per_s: float = 0.0
    _measured: dict[int, tuple[int, float]] = field(default_factory=dict)
    _largest: int = 0
    _strikes: int = 0
    _spent_s: float = 0.0
    _last: int = 1
    _is_bounded: bool = False

    @property
    def cost(self) -> ChunkCost:
        """What chunks cost as far as is known now."""
        return fit(
            [Sample(k, total / count, count) for k, (count, total) in self._measured.items()],
            self.prior,
        )

    def next_size(self, remaining: int) -> int:
        """How many of `remaining` partitions, at least one, the next chunk takes."""
        most = min(self.most, self.limit, remaining)
        if not self.is_trusted:
            most = min(most, _GROWTH * self._largest if self._largest else self._first)
        cost = self.cost
        size = best_chunk(cost, remaining, most=most, failures_per_s=self._failing(cost))
        self._last = _evened(size, remaining)
        return self._last

    def finished(self, partitions: int, seconds: float) -> None:
        """Notes a chunk that was committed."""
        count, total = self._measured.get(partitions, (0, 0.0))
        self._measured[partitions] = count + 1, total + seconds
        self._largest = max(self._largest, partitions)
        self._spent_s += seconds
        smaller = [
            (total / count / size, size)
            for size, (count, total) in self._measured.items()
            if size < partitions
        ]
        if smaller and seconds / partitions > _WORSE * min(smaller)[0]:
            # More at once made each dearer: what no longer fits somewhere shows before the fit does.
            self.most = min(self.most, max(min(smaller)[1], partitions * 3 // 5))
            self._is_bounded = True
        elif not self._is_bounded and partitions * 10 >= self.most * 9:
            self.most = max(self.most, round(partitions * self._raise(partitions)))

    def _raise(self, partitions: int) -> float:
        """How many times larger than what went well the next may be: more where it saves more."""
        cost = self.cost
        share = cost.fixed_s / max(cost.seconds(partitions), 1e-12)
        return _LEAST_RAISE + (_GROWTH - _LEAST_RAISE) * min(1.0, 2.0 * share)

    def struck(self, seconds: float) -> None:
        """Notes a chunk that failed after `seconds` by no fault of its own.

        So many in so long a time are expected from there on.
        """
        self._strikes += 1
        self._spent_s += seconds

    def too_large(self, partitions: int) -> None:
        """Notes a chunk that ran out of memory or time: none is that large again."""
        self.most = max(1, min(self.most, partitions // 2))
        self._is_bounded = True

    def _failing(self, cost: ChunkCost) -> float:
        """Failures per second, by what is known and what happened, as one more chunk would count."""
        if not self._strikes:
            return self.failures_per_s
        seen = self._strikes / (self._spent_s + cost.seconds(self._last))
        return max(self.failures_per_s, seen)

    @property
    def _first(self) -> int:
        worthwhile = self.prior.fixed_s / max(self.prior.each_s, 1e-12)
        return max(1, self.partitions // _FIRST_SHARE, round(min(worthwhile, self.partitions)))


def best_chunk(cost: ChunkCost, partitions: int, *, most: int, failures_per_s: float = 0.0) -> int:
    """The size of equal chunks that is cheapest for `partitions`, at most `most`.

    `failures_per_s` is how often a chunk fails and is done again as a whole. Only sizes that give
    different numbers of chunks are compared, on a grid of powers of 1.2 beyond 32 of them.
    """
    most = max(1, min(most, partitions))
    return min(
        sizes(partitions, most),
        key=lambda size: (_expected(cost, partitions, size, failures_per_s), -size),
    )


def sizes(partitions: int, most: int) -> list[int]:
    """Sizes of equal chunks for `partitions`, none above `most`, descending."""
    found: list[int] = []
    count = -(-partitions // most)
    while count <= partitions:
        size = -(-partitions // count)
        if not found or size < found[-1]:
            found.append(size)
        count = count + 1 if count < 32 else int(count * 1.2)
    if found[-1] != 1:
        found.append(1)
    return found


def _expected(cost: ChunkCost, partitions: int, size: int, failures_per_s: float) -> float:
    """The logarithm of the expected seconds where a chunk that fails starts over: Σ (e^(λt) - 1) / λ."""
    full, rest = divmod(partitions, size)
    if not failures_per_s:
        return log(max(cost.total_s(partitions, size), 1e-12))
    times = [(cost.seconds(size), full)] if full else []
    times += [(cost.seconds(rest), 1)] if rest else []
    longest = max(failures_per_s * seconds for seconds, _ in times)
    # e^(λt) - 1 relative to the longest, so that nothing overflows.
    relative = sum(
        count * (exp(failures_per_s * seconds - longest) - exp(-longest))
        for seconds, count in times
    )
    return longest + log(max(relative, 1e-300)) - log(failures_per_s)


def _evened(size: int, remaining: int) -> int:
    """About `size`, so that the chunks left are equal."""
    count = -(-remaining // size)
    return -(-remaining // count)
