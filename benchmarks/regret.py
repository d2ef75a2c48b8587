"""How much more chunks of learnt sizes cost than the best fixed size: simulated traces.

`python -m benchmarks.regret [--scenarios N] [--seed S]` prints regret = cost / best fixed size's cost
for the chunker, for one query a partition, for one query, and for chunks of √n. No clock is read.
"""

from __future__ import annotations

import argparse
import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sqlbackfill.plan.chunk_cost import ChunkCost
from sqlbackfill.plan.chunk_sizes import sizes
from sqlbackfill.plan.chunker import Chunker

TRACES = 4
"""So often each scenario is run with other luck."""


class Outcome(Enum):
    """How an attempt at a chunk ends."""

    DONE = "done"
    STRUCK = "struck"
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is true of one backfill, and what is known of it before.

    `fits` is the largest chunk that fits in memory: each partition beyond it costs `spill_s` more,
    and more than `dies` run out of memory after half of their time. `failures_per_s` strike a chunk
    at random, which is then done again; `known_failures_per_s` is what history tells of it. `noise` is the spread of a chunk's time (log-normal, mean 1).
    """

    name: str
    partitions: int
    truth: ChunkCost
    fits: int
    dies: int
    spill_s: float
    failures_per_s: float
    noise: float
    prior: ChunkCost
    most: int
    is_trusted: bool
    known_failures_per_s: float

    def seconds(self, chunk: int) -> float:
        return self.truth.seconds(chunk) + self.spill_s * max(0, chunk - self.fits)

    def static_s(self, size: int) -> float:
        """The expected cost of equal chunks of `size`; infinite where they run out of memory."""
        if size > self.dies:
            return math.inf
        full, rest = divmod(self.partitions, size)
        lengths = [self.seconds(size)] * full + ([self.seconds(rest)] if rest else [])
        rate = self.failures_per_s
        if not rate:
            return sum(lengths)
        return sum((math.exp(min(rate * t, 60.0)) - 1) / rate for t in lengths)

    @property
    def best_s(self) -> float:
        """What the best fixed size is expected to cost."""
        return min(self.static_s(size) for size in sizes(self.partitions, self.partitions))


class Trace:
    """What happens to one scenario, whoever runs it: when failures strike, how lucky each chunk is.

    Failures come at fixed moments of the time spent; a chunk's luck goes with its first partition.
    """

    def __init__(self, made: Scenario, seed: str) -> None:
        self._made = made
        self._seed = seed
        self._lucks: dict[int, float] = {}
        self._strikes: list[float] = []
        self._chance = random.Random(seed)

    def attempt(self, start: int, size: int, spent: float) -> tuple[float, Outcome]:
        """The seconds that an attempt at a chunk takes after `spent`, and how it ends."""
        made = self._made
        seconds = made.seconds(size) * self._luck(start)
        is_too_large = size > made.dies
        if is_too_large:
            seconds /= 2
        strike = self._next_strike(spent)
        if strike < spent + seconds:
            return strike - spent, Outcome.STRUCK
        return seconds, Outcome.TOO_LARGE if is_too_large else Outcome.DONE

    def _luck(self, start: int) -> float:
        if start not in self._lucks:
            noise = self._made.noise
            chance = random.Random(f"{self._seed}:{start}")
            self._lucks[start] = math.exp(chance.gauss(-(noise**2) / 2, noise))
        return self._lucks[start]

    def _next_strike(self, after: float) -> float:
        rate = self._made.failures_per_s
        if not rate:
            return math.inf
        while not self._strikes or self._strikes[-1] <= after:
            last = self._strikes[-1] if self._strikes else 0.0
            self._strikes.append(last + self._chance.expovariate(rate))
        return self._strikes[bisect_right(self._strikes, after)]


def scenario(rng: random.Random) -> Scenario:
    """A random one: shared scans, spill, failures and noise each heavy in some."""
    partitions = int(math.exp(rng.uniform(math.log(20), math.log(3000))))
    each = math.exp(rng.uniform(math.log(0.001), math.log(2.0)))
    overhead = rng.choice((0.006, 0.3, 1.0))
    shared = rng.choice((0.0, 0.0, 0.3, 3.0, 30.0, 300.0)) * each
    growth = rng.choice((0.0, 0.0, 0.0, 0.05, 0.2)) * each
    spills, fails = rng.random() < 0.4, rng.random() < 0.3
    fits = max(1, int(partitions * rng.uniform(0.02, 1.0))) if spills else partitions
    dies = int(fits * rng.uniform(1.5, 6.0)) if spills and rng.random() < 0.5 else partitions
    truth = ChunkCost(fixed_s=overhead + shared, each_s=each, growth_s=growth)
    failures = rng.uniform(0.2, 4.0) / truth.seconds(partitions) if fails else 0.0

    def guess(value: float, spread: float) -> float:
        return value * math.exp(rng.gauss(0.0, spread))

    has_history = rng.random() < 0.4
    speed = guess(1.0, 1.0)  # EXPLAIN counts bytes: their price in seconds is not known
    prior = ChunkCost(
        fixed_s=guess(overhead, 0.5) + speed * guess(shared, 0.2 if has_history else 0.4),
        each_s=speed * guess(each, 0.2 if has_history else 0.4),
        growth_s=speed * guess(growth, 0.2 if has_history else 0.8),
    )
    if has_history:
        prior = ChunkCost(
            fixed_s=prior.fixed_s / speed,
            each_s=prior.each_s / speed,
            growth_s=prior.growth_s / speed,
        )
    return Scenario(
        name="spill" if spills else "shared scan" if shared > 2 * each else "plain",
        partitions=partitions,
        truth=truth,
        fits=fits,
        dies=max(1, dies),
        spill_s=each * rng.uniform(1.0, 8.0) if spills else 0.0,
        failures_per_s=failures,
        noise=rng.choice((0.05, 0.15, 0.3)),
        prior=prior,
        most=min(partitions, max(1, int(0.7 * guess(fits, 0.4)))) if spills else partitions,
        is_trusted=has_history or rng.random() < 0.7,
        known_failures_per_s=guess(failures, 0.5) if has_history and fails else 0.0,
    )


def adaptive_s(made: Scenario, trace: Trace) -> float:
    """What the chunker spends, failed attempts included."""
    chunker = Chunker(
        partitions=made.partitions,
        prior=made.prior,
        most=made.most,
        limit=made.partitions,
        is_trusted=made.is_trusted,
        failures_per_s=made.known_failures_per_s,
    )
    start, spent = 0, 0.0
    while start < made.partitions:
        size = chunker.next_size(made.partitions - start)
        seconds, outcome = trace.attempt(start, size, spent)
        spent += seconds
        match outcome:
            case Outcome.DONE:
                start += size
                chunker.finished(size, seconds)
            case Outcome.STRUCK:
                chunker.struck(seconds)
            case Outcome.TOO_LARGE:
                chunker.too_large(size)
    return spent


def regrets(scenarios: Sequence[Scenario], seed: int) -> dict[str, list[float]]:
    """By policy, one regret for each scenario: of what it costs on average."""
    found: dict[str, list[float]] = {"adaptive": [], "partition": [], "range": [], "√n": []}
    for number, made in enumerate(scenarios):
        traces = [Trace(made, f"{seed}:{number}:{turn}") for turn in range(TRACES)]
        spent = [adaptive_s(made, trace) for trace in traces]
        best = made.best_s
        found["adaptive"].append(sum(spent) / TRACES / best)
        root = max(1, round(made.partitions**0.5))
        for policy, size in (("partition", 1), ("range", made.partitions), ("√n", root)):
            # What cannot be run at all is counted as the largest size that can.
            found[policy].append(made.static_s(min(size, made.dies)) / best)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    rng = random.Random(chosen.seed)
    made = [scenario(rng) for _ in range(chosen.scenarios)]
    print(f"{len(made)} scenarios, seed {chosen.seed}")
    print("| policy | median | p90 | p99 |\n|---|--:|--:|--:|")
    for policy, values in regrets(made, chosen.seed).items():
        numbers = (quantile(values, share) for share in (0.5, 0.9, 0.99))
        print(f"| {policy} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")


if __name__ == "__main__":
    main()
