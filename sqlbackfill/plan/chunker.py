"""How large the next chunk is, learnt while a step runs. Pure: what happened is told to it.

Every chunk is kept work, so measuring costs nothing but a size that was not the best one.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.plan.chunk_cost import ChunkCost
from sqlbackfill.plan.chunk_cost_fit import Sample, fit
from sqlbackfill.plan.chunk_sizes import evened, log_expected_s, sizes
from sqlbackfill.plan.memory_guess import MemoryGuess

GROWTH: Final = 4
"""So many times larger than the largest that ran may a chunk be whose cost is not known."""
_WORSE: Final = 1.25
_LATE: Final = 1.5
_SHRINK: Final = (3, 5)
_FIRST_SHARE: Final = 64
_PROBE_SHARE: Final = 0.03
_PULL: Final = 0.3
"""The prior counts so much beside a chunk that was measured: their ratios of costs are about as wrong."""
_CENSORED: Final = 1.2
_FIRST_FAILURES: Final = 0.1
_FIRST_SPAN: Final = 0.5
_MOST_LOG: Final = 600.0


@dataclass(slots=True)
class Chunker:
    """Sizes for the chunks of one step of `partitions`.

    `prior` is the cost as far as it is known before (of which only the shape counts once something
    was measured), `limit` the largest chunk that the analysis and the author allow, `most` what is
    thought to fit in memory: where that is less than all, chunks beyond it are priced by how
    likely they are to spill. `is_trusted` tells that the prior comes from history or from the
    engine's own figures: then the first chunk is as large as it says, unless a first small one costs
    next to nothing and memory is a guess; otherwise it is small. Sizes grow by no more than four
    times where a guess decides. `failures_per_s` is how often chunks are known to fail by no fault
    of their own.
    """

    partitions: int
    prior: ChunkCost
    most: int
    limit: int
    is_trusted: bool = False
    failures_per_s: float = 0.0
    _memory: MemoryGuess | None = field(init=False, default=None)
    _measured: dict[int, tuple[int, float]] = field(default_factory=dict)
    _outlasted: dict[int, float] = field(default_factory=dict)
    _known: ChunkCost | None = None
    _largest: int = 0
    _strikes: int = 0
    _strikes_in_a_row: int = 0
    _spent_s: float = 0.0
    _last: int = 1

    def __post_init__(self) -> None:
        if self.most < self.partitions:
            self._memory = MemoryGuess(self.most)

    @property
    def cost(self) -> ChunkCost:
        """What chunks cost as far as is known now."""
        if self._known is None:
            self._known = self._fitted()
        return self._known

    def next_size(self, remaining: int) -> int:
        """How many of `remaining` partitions, at least one, the next chunk takes."""
        cost = self.cost
        most = max(1, min(self.limit, remaining))
        if self._memory is not None:
            most = max(1, min(most, GROWTH * max(self.most, self._largest)))
        failing = self._failing(cost, remaining)
        found = [
            (self._expected_s(cost, remaining, size, failing), size)
            for size in sizes(remaining, most)
        ]
        expected_s, size = min(found, key=lambda each: (each[0], -each[1]))
        self._last = evened(self._tried_first(size, expected_s), remaining)
        return self._last

    def finished(self, partitions: int, seconds: float) -> None:
        """Notes a chunk that was committed."""
        count, total = self._measured.get(partitions, (0, 0.0))
        self._measured[partitions] = count + 1, total + seconds
        self._largest = max(self._largest, partitions)
        self._spent_s += seconds
        self._strikes_in_a_row, self._known = 0, None
        smaller = [
            (total / count / size, size)
            for size, (count, total) in self._measured.items()
            if size < partitions
        ]
        if smaller and seconds / partitions > _WORSE * min(smaller)[0]:
            # More at once made each dearer: what no longer fits somewhere shows before the fit does.
            self._bound(max(min(smaller)[1], _shrunk(partitions)), partitions)
        elif self._memory is not None:
            self._memory.fitted(partitions)

    def struck(self, seconds: float) -> None:
        """Notes that the last chunk failed after `seconds` by no fault of its own.

        That it had not ended by then says something too: where it should have, it was too large.
        """
        expected_s = self.cost.seconds(self._last)
        self._strikes += 1
        self._strikes_in_a_row += 1
        self._spent_s += seconds
        self._outlasted[self._last] = max(seconds, self._outlasted.get(self._last, 0.0))
        self._known = None
        if self._measured and seconds > _LATE * expected_s:
            fits = max(self._largest, min(self.most, self.limit))
            self._bound(max(fits, _shrunk(self._last)), self._last)
        elif self._strikes_in_a_row > 1 and self._memory is not None and self._last > self.most:
            self.limit = max(self.most, _shrunk(self._last))

    def too_large(self, partitions: int) -> None:
        """Notes a chunk that ran out of memory or time: none is that large again."""
        self._bound(max(1, partitions // 2), partitions)

    def _bound(self, most: int, too_large: int) -> None:
        self.limit = max(1, min(self.limit, most))
        if self._memory is not None:
            self._memory.did_not_fit(too_large)

    def _fitted(self) -> ChunkCost:
        samples = [Sample(k, total / count, count) for k, (count, total) in self._measured.items()]
        cost = fit(samples, self.prior, pull=_PULL)
        late = [
            (seconds / cost.seconds(k), k, seconds)
            for k, seconds in self._outlasted.items()
            if k not in self._measured and seconds > cost.seconds(k)
        ]
        if not late:
            return cost
        _, partitions, seconds = max(late)
        return fit([*samples, Sample(partitions, _CENSORED * seconds)], self.prior, pull=_PULL)

    def _failing(self, cost: ChunkCost, remaining: int) -> float:
        """Failures per second: those known, those seen as one more chunk would count, at first a few."""
        seen = self._strikes / (self._spent_s + cost.seconds(self._last)) if self._strikes else 0.0
        if self.failures_per_s:
            return max(self.failures_per_s, seen)
        whole_s = self._spent_s + cost.total_s(remaining, max(1, min(self.limit, remaining)))
        return max(seen, _FIRST_FAILURES / (self._spent_s + _FIRST_SPAN * whole_s))

    def _expected_s(self, cost: ChunkCost, remaining: int, size: int, failing: float) -> float:
        """Seconds for what remains in chunks of `size`, failures and what does not fit included."""
        seconds = exp(min(log_expected_s(cost, remaining, size, failing), _MOST_LOG))
        if self._memory is None:
            return seconds
        return seconds + remaining / size * self._memory.extra_s(size, cost)

    def _tried_first(self, size: int, expected_s: float) -> int:
        """`size`, or a smaller one from which more can be learnt than it costs."""
        if self._largest and size <= GROWTH * self._largest:
            return size
        if self.is_trusted and self._memory is None:
            return size
        if self._largest:
            return GROWTH * self._largest
        cost = self.cost
        probes = max(1.0, log(max(size, GROWTH), GROWTH) / 1.5)
        is_cheap = cost.fixed_s * probes <= _PROBE_SHARE * expected_s
        if self.is_trusted and not is_cheap:
            return size
        worthwhile = round(min(cost.fixed_s / max(cost.each_s, 1e-12), self.partitions))
        return min(size, max(1, self.partitions // _FIRST_SHARE, worthwhile))


def _shrunk(partitions: int) -> int:
    part, whole = _SHRINK
    return partitions * part // whole
