"""Sizes of equal chunks for a number of partitions, and what each costs where chunks fail by chance. Pure."""

from __future__ import annotations

from math import exp, log

from sqlbackfill.plan.chunk_cost import ChunkCost


def best_chunk(cost: ChunkCost, partitions: int, *, most: int, failures_per_s: float = 0.0) -> int:
    """The size of equal chunks that is cheapest for `partitions`, at most `most`.

    `failures_per_s` is how often a chunk fails and is done again as a whole. Only sizes that give
    different numbers of chunks are compared, on a grid of powers of 1.2 beyond 32 of them.
    """
    most = max(1, min(most, partitions))
    return min(
        sizes(partitions, most),
        key=lambda size: (log_expected_s(cost, partitions, size, failures_per_s), -size),
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


def evened(size: int, remaining: int) -> int:
    """About `size`, so that the chunks left are equal."""
    count = -(-remaining // size)
    return -(-remaining // count)


def log_expected_s(cost: ChunkCost, partitions: int, size: int, failures_per_s: float) -> float:
    """The logarithm of the expected seconds where a chunk that fails starts over: Σ (e^(λt) - 1) / λ."""
    full, rest = divmod(partitions, size)
    whole_s = cost.seconds(size)
    rest_s = cost.seconds(rest) if rest else 0.0
    if not failures_per_s:
        return log(max(full * whole_s + rest_s, 1e-12))
    # e^(λt) - 1 relative to the longest, so that nothing overflows.
    longest = failures_per_s * max(whole_s if full else 0.0, rest_s)
    none = exp(-longest)
    relative = full * (exp(failures_per_s * whole_s - longest) - none) if full else 0.0
    if rest:
        relative += exp(failures_per_s * rest_s - longest) - none
    return longest + log(max(relative, 1e-300)) - log(failures_per_s)
