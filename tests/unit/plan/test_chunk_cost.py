"""What chunks are expected to take, from what chunks have taken."""

from __future__ import annotations

import random

import pytest

from sqlbackfill.ledger.past_chunks import PastChunk
from sqlbackfill.plan.chunk_cost import Basis, ChunkCost, ModelCost
from sqlbackfill.plan.chunk_cost_fit import PRIOR, Sample, fit, from_history, guessed

TRUTH = ChunkCost(fixed_s=0.4, each_s=0.05, growth_s=0.01)


def past(partitions: int, seconds: float, fingerprint: str = "f") -> PastChunk:
    return PastChunk(
        partitions=partitions,
        seconds=seconds,
        rows=0,
        scan_bytes=None,
        strategy="range",
        fingerprint=fingerprint,
        finished_at="2024-05-01T12:00:00+00:00",
    )


def sampled(truth: ChunkCost, *sizes: int, noise: float = 0.0) -> list[Sample]:
    chance = random.Random(1)
    return [
        Sample(size, truth.seconds(size) * (1 + noise * chance.uniform(-1, 1))) for size in sizes
    ]


def test_a_curve_is_found_again_from_chunks_of_several_sizes():
    found = fit(sampled(TRUTH, 1, 4, 16, 64), PRIOR)
    for size in (1, 2, 30, 100):
        assert found.seconds(size) == pytest.approx(TRUTH.seconds(size), rel=0.03)


def test_no_term_is_below_zero_whatever_was_measured():
    falling = [Sample(1, 9.0), Sample(10, 5.0), Sample(100, 1.0)]
    assert min(fit(falling, PRIOR).terms) >= 0
    for turn in range(50):
        chance = random.Random(turn)
        samples = [Sample(chance.randint(1, 400), chance.uniform(0.01, 9)) for _ in range(5)]
        assert min(fit(samples, PRIOR).terms) >= 0


def test_what_one_size_leaves_open_is_taken_from_the_prior():
    shared = ChunkCost(fixed_s=100.0, each_s=1.0)
    alone = ChunkCost(fixed_s=0.01, each_s=1.0)
    samples = [Sample(50, 3.0)]
    assert fit(samples, shared).seconds(1) == pytest.approx(2.0, rel=0.05)
    assert fit(samples, alone).seconds(1) == pytest.approx(0.07, rel=0.2)
    assert fit(samples, shared).seconds(50) == pytest.approx(3.0, rel=0.01)


def test_a_query_s_own_overhead_does_not_grow_with_the_data():
    big = fit([Sample(100, 100.0)], ChunkCost(fixed_s=0.01, each_s=0.0001), overhead_s=0.01)
    assert big.fixed_s == pytest.approx(0.01, rel=0.01)


def test_without_a_past_the_basis_says_what_there_was_instead():
    assert from_history([], "f").basis is Basis.PRIOR
    assert from_history([], "f", TRUTH) == guessed(TRUTH)
    assert guessed(TRUTH).basis is Basis.EXPLAIN
    assert from_history([past(1, 0.5)], "f").basis is Basis.HISTORY


def test_code_of_today_and_newer_chunks_count_more():
    found = from_history([past(30, 1.0), *[past(30, 4.0, "old")] * 2], "f")
    assert found.curve.seconds(30) < 2.0
    faded = from_history([*[past(30, 1.0)] * 8, *[past(30, 4.0)] * 8], "f")
    assert faded.curve.seconds(30) < from_history([*[past(30, 4.0)] * 8], "f").curve.seconds(30)


def test_history_tells_seconds_within_a_factor_of_two():
    chance = random.Random(7)
    chunks = [past(k, TRUTH.seconds(k) * chance.uniform(0.8, 1.25)) for k in (30, 28, 31, 30, 1, 7)]
    cost = from_history(chunks, "f")
    for sizes in ([365], [30] * 12, [7] * 52, [1] * 365):
        actual = sum(TRUTH.seconds(size) for size in sizes)
        spread = cost.seconds(sizes)
        assert actual / 2 < spread.likely < actual * 2
        assert spread.low < spread.likely < spread.high


def test_a_spread_widens_with_noise_and_beyond_the_sizes_that_ran():
    quiet = from_history([past(30, 1.0)] * 9, "f").seconds([30])
    noisy = from_history([past(30, s) for s in (0.3, 1.0, 3.0) * 3], "f").seconds([30])
    assert noisy.high / noisy.likely > quiet.high / quiet.likely
    cost = ModelCost(curve=TRUTH, basis=Basis.HISTORY, factor=1.2, smallest=10, largest=10)
    assert cost.seconds([10]).high == pytest.approx(cost.seconds([10]).likely * 1.2)
    for size in (1, 1000):
        assert cost.seconds([size]).high > cost.seconds([size]).likely * 1.5


def test_nothing_to_do_takes_no_time():
    assert guessed(None).seconds([]).high == 0


def test_a_curve_below_zero_is_refused():
    with pytest.raises(ValueError, match="below zero"):
        ChunkCost(fixed_s=-1, each_s=1)
