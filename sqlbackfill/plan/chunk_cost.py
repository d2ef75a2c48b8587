"""What a chunk of k partitions takes: t(k) = fixed + each·k + growth·k·log2(k/cached), as a curve and as a forecast.

Owns no measurements and decides nothing; curves are fitted in `chunk_cost_fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import log2

from sqlbackfill.dataclass import dataclass
from sqlbackfill.plan.types import Spread


class Basis(StrEnum):
    """Where a forecast comes from, the best first."""

    HISTORY = "history"
    EXPLAIN = "explain"
    PRIOR = "prior"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkCost:
    """Seconds of a chunk by its number of partitions; no term is negative.

    `fixed_s` is all that a query costs whatever it covers: its own overhead, inputs read whole, the
    overlap of windows. `growth_s` is what a partition costs more each time that its company doubles
    beyond the `cached` partitions whose hash tables fit the caches together (analysis.md, 7).
    """

    fixed_s: float
    each_s: float
    growth_s: float = 0.0
    cached: float = 1.0

    def __post_init__(self) -> None:
        if min(self.terms) < 0:
            raise ValueError(f"no term is below zero: {self}")

    def seconds(self, partitions: int) -> float:
        """What one chunk costs.

        >>> ChunkCost(fixed_s=1, each_s=0.5, growth_s=0.25).seconds(4)
        5.0
        """
        each = self.each_s + self.growth_s * self.company(partitions)
        return self.fixed_s + each * partitions

    def company(self, partitions: int) -> float:
        """How often `cached` doubles until `partitions` is reached; 0 below it."""
        return log2(partitions / self.cached) if partitions > self.cached else 0.0

    def total_s(self, partitions: int, chunk: int) -> float:
        """What `partitions` cost in chunks of `chunk`, the last of which may be shorter."""
        full, rest = divmod(partitions, chunk)
        return full * self.seconds(chunk) + (self.seconds(rest) if rest else 0.0)

    @property
    def terms(self) -> tuple[float, float, float]:
        """The three of them, in the order of the formula."""
        return self.fixed_s, self.each_s, self.growth_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What chunks of one model are expected to take.

    `factor` says how far off it may be either way, for sizes from `smallest` to `largest`, those
    that were measured; beyond them it widens. A prior's seconds are a guess at the order of
    magnitude, whose `factor` says so.
    """

    curve: ChunkCost
    basis: Basis
    factor: float
    smallest: int = 1
    largest: int = 1

    def seconds(self, chunks: Sequence[int]) -> Spread:
        """Seconds of all `chunks`, each a number of partitions, one after the other.

        Errors are taken to have one cause, so that they do not even out over many chunks.
        """
        low = likely = high = 0.0
        for partitions in chunks:
            seconds, factor = self.curve.seconds(partitions), self._factor(partitions)
            low += seconds / factor
            likely += seconds
            high += seconds * factor
        return Spread(low, likely, high)

    def _factor(self, partitions: int) -> float:
        beyond = max(partitions / self.largest, self.smallest / partitions, 1.0)
        return float(self.factor * beyond**0.25)
