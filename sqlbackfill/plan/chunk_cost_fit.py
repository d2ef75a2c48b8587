"""Fits the cost of chunks to what chunks have taken: weighted least squares, no term below zero. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, log

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.past_chunks import PastChunk
from sqlbackfill.plan.chunk_cost import Basis, ChunkCost, ModelCost

OVERHEAD_S = 0.02
"""What a query costs that reads nothing: its transaction, its records. A first guess for any engine."""
PRIOR = ChunkCost(fixed_s=OVERHEAD_S, each_s=OVERHEAD_S / 8)
"""What is taken of a model of which nothing is known."""

_PRIOR_FACTOR = 30.0
_EXPLAIN_FACTOR = 4.0
_LEAST_FACTOR = 1.15
_OTHER_CODE = 0.2
_FADING = 0.95
_PULL = 1e-3

_Row = tuple[tuple[float, float, float], float]


@dataclass(frozen=True, slots=True)
class Sample:
    """One chunk as it ran: its partitions, its seconds, and how much it counts beside others."""

    partitions: int
    seconds: float
    weight: float = 1.0


def guessed(shape: ChunkCost | None) -> ModelCost:
    """The cost of a model that was never built; `shape` is what the engine's own figures say."""
    if shape is None:
        return ModelCost(curve=PRIOR, basis=Basis.PRIOR, factor=_PRIOR_FACTOR)
    return ModelCost(curve=shape, basis=Basis.EXPLAIN, factor=_EXPLAIN_FACTOR)


def from_history(
    chunks: Sequence[PastChunk], fingerprint: str, shape: ChunkCost | None = None
) -> ModelCost:
    """The cost that past `chunks` of the model tell, newest first; without any, what `guessed` says.

    Newer ones count more, and those of the code of today, whose `fingerprint` it is, most. `shape`
    decides what sizes that never ran leave open.
    """
    samples = [
        Sample(
            chunk.partitions,
            chunk.seconds,
            _FADING**at * (1.0 if chunk.fingerprint == fingerprint else _OTHER_CODE),
        )
        for at, chunk in enumerate(chunks)
        if chunk.seconds > 0 and chunk.partitions > 0
    ]
    if not samples:
        return guessed(shape)
    curve = fit(samples, shape or PRIOR)
    sizes = [sample.partitions for sample in samples]
    return ModelCost(
        curve=curve,
        basis=Basis.HISTORY,
        factor=_factor(samples, curve),
        smallest=min(sizes),
        largest=max(sizes),
    )


def fit(
    samples: Sequence[Sample],
    prior: ChunkCost,
    overhead_s: float = OVERHEAD_S,
    *,
    grows: bool = True,
    pull: float = _PULL,
) -> ChunkCost:
    """The cost that explains `samples` best, by relative error; `prior` fills in what they leave open.

    Of the prior, `overhead_s` and `cached` are taken as they are and all else as slow as the samples
    say it is. Without `grows` no growth is looked for. `pull` is how much a term of the prior counts beside one
    sample: little where the prior is a guess.
    Least squares over every choice of the terms that are above zero, of which there are only seven,
    so it is the optimum and deterministic. With no samples it is `prior`.
    """
    if not samples:
        return prior
    scaled = _as_slow_as(samples, prior, min(overhead_s, prior.fixed_s))
    rows = [_row(sample, prior) for sample in samples] + _pulls(scaled, pull)
    normal = _normal(rows)
    best: tuple[float, tuple[float, float, float]] | None = None
    terms_used = 3 if grows else 2
    for size in range(1, terms_used + 1):
        for active in combinations(range(terms_used), size):
            solved = _solve(normal, active)
            if solved is None or min(solved) < 0:
                continue
            terms = [0.0, 0.0, 0.0]
            for at, value in zip(active, solved, strict=True):
                terms[at] = value
            fixed_s, each_s, growth_s = terms
            error = _error(rows, fixed_s, each_s, growth_s)
            if best is None or error < best[0]:
                best = error, (fixed_s, each_s, growth_s)
    if best is None:
        return scaled
    fixed_s, each_s, growth_s = best[1]
    return replace(prior, fixed_s=fixed_s, each_s=each_s, growth_s=growth_s)


def _factor(samples: Sequence[Sample], curve: ChunkCost) -> float:
    """The factor either way that most chunks lie within: twice their weighted spread around the curve."""
    total = sum(sample.weight for sample in samples)
    squares = sum(
        sample.weight
        * log(max(sample.seconds, 1e-9) / max(curve.seconds(sample.partitions), 1e-9)) ** 2
        for sample in samples
    )
    few = 1.0 + 0.5 / len(samples)
    return max(_LEAST_FACTOR, exp(min(2.0 * (squares / total) ** 0.5, 3.0))) * few


def _as_slow_as(samples: Sequence[Sample], prior: ChunkCost, overhead_s: float) -> ChunkCost:
    """`prior` as much slower or faster as the middle one of `samples`."""
    data = replace(prior, fixed_s=prior.fixed_s - overhead_s)
    ratios = sorted(
        max(sample.seconds - overhead_s, sample.seconds / 10)
        / max(data.seconds(sample.partitions), 1e-12)
        for sample in samples
    )
    factor = ratios[len(ratios) // 2]
    return replace(
        prior,
        fixed_s=overhead_s + data.fixed_s * factor,
        each_s=data.each_s * factor,
        growth_s=data.growth_s * factor,
    )


def _row(sample: Sample, prior: ChunkCost) -> _Row:
    """A row and its right side, both divided by what was measured, so that errors are relative."""
    scale = sample.weight**0.5 / max(sample.seconds, 1e-9)
    k = sample.partitions
    return (scale, k * scale, k * prior.company(k) * scale), sample.seconds * scale


def _pulls(prior: ChunkCost, pull: float) -> list[_Row]:
    """Weak rows that hold each term near the prior's where the samples say nothing of it."""
    rows: list[_Row] = []
    for at, value in enumerate(prior.terms):
        weight = pull / max(value, prior.seconds(1) * 1e-3, 1e-12)
        row = [0.0, 0.0, 0.0]
        row[at] = weight
        rows.append(((row[0], row[1], row[2]), value * weight))
    return rows


def _normal(rows: Sequence[_Row]) -> list[list[float]]:
    """The normal equations of all three terms, each with its right side behind it."""
    matrix = [[0.0] * 4 for _ in range(3)]
    for (a, b, c), right in rows:
        for row, factor in zip(matrix, (a, b, c), strict=True):
            row[0] += factor * a
            row[1] += factor * b
            row[2] += factor * c
            row[3] += factor * right
    return matrix


def _solve(normal: list[list[float]], active: tuple[int, ...]) -> list[float] | None:
    """The least-squares values of the terms in `active`, the others being zero."""
    size = len(active)
    matrix = [[*(normal[i][j] for j in active), normal[i][3]] for i in active]
    for at in range(size):
        pivot = max(range(at, size), key=lambda i: abs(matrix[i][at]))
        matrix[at], matrix[pivot] = matrix[pivot], matrix[at]
        if abs(matrix[at][at]) < 1e-300:
            return None
        for below in range(size):
            if below != at:
                factor = matrix[below][at] / matrix[at][at]
                matrix[below] = [
                    a - factor * b for a, b in zip(matrix[below], matrix[at], strict=True)
                ]
    return [matrix[at][size] / matrix[at][at] for at in range(size)]


def _error(rows: Sequence[_Row], fixed_s: float, each_s: float, growth_s: float) -> float:
    total = 0.0
    for (a, b, c), right in rows:
        difference = a * fixed_s + b * each_s + c * growth_s - right
        total += difference * difference
    return total
