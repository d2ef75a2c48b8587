"""How many partitions fit in memory at once: a guess with its error, narrowed by what chunks show. Pure."""

from __future__ import annotations

from math import exp
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.plan.chunk_cost import ChunkCost

_SAFE_SHARE: Final = 0.7
_OFF: Final = 0.45
"""The spread of the logarithm: two guesses in three are within a factor of 1.6."""
_POINTS: Final = (-1.55, -0.9, -0.5, -0.2, 0.2, 0.5, 0.9, 1.55)
"""Of the normal distribution, the middles of eight parts that are as likely."""
_SPILL: Final = 4.0
"""What a partition beyond memory costs in the cost of one within: writing and reading all of it."""
_DEADLY: Final = 3
_BEYOND: Final = (1.0, 1.3, 1.8, 3.0)


@dataclass(slots=True)
class MemoryGuess:
    """`safe` partitions are thought to fit with something to spare; how many more may is not certain."""

    safe: int
    _may_fit: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._may_fit = [self.safe / _SAFE_SHARE * exp(_OFF * point) for point in _POINTS]

    def fitted(self, size: int) -> None:
        """So many at once were no dearer each than fewer."""
        kept = [each for each in self._may_fit if each >= size]
        self._may_fit = kept or [size * times for times in _BEYOND]

    def did_not_fit(self, size: int) -> None:
        """So many at once spilled, or failed."""
        kept = [each for each in self._may_fit if each < size]
        self._may_fit = kept or [min(*self._may_fit, float(size))]

    def extra_s(self, size: int, cost: ChunkCost) -> float:
        """What a chunk of `size` is expected to take more for being too large."""
        spilled = sum(max(0.0, size - each) for each in self._may_fit)
        dead = sum(size > _DEADLY * each for each in self._may_fit)
        extra = spilled * _SPILL * cost.each_s + dead * cost.seconds(size) / 4
        return extra / len(self._may_fit)
