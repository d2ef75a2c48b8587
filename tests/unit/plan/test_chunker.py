"""The size of the next chunk, learnt while a step runs, and what that costs beside the best fixed size."""

from __future__ import annotations

import random

import pytest

from benchmarks.regret import quantile, regrets, scenario
from sqlbackfill.plan.chunk_cost import ChunkCost
from sqlbackfill.plan.chunk_sizes import best_chunk, sizes
from sqlbackfill.plan.chunker import Chunker

FLAT = ChunkCost(fixed_s=1.0, each_s=0.1)


def chunker(**changes: object) -> Chunker:
    values: dict[str, object] = {"partitions": 400, "prior": FLAT, "most": 400, "limit": 400}
    return Chunker(**{**values, **changes})  # type: ignore[arg-type]


def test_learnt_sizes_cost_little_more_than_the_best_fixed_one():
    chance = random.Random(5)
    found = regrets([scenario(chance) for _ in range(100)], 5)
    assert quantile(found["adaptive"], 0.5) <= 1.08
    assert quantile(found["adaptive"], 0.9) <= 1.5
    assert max(found["adaptive"]) < 4
    for policy in ("partition", "range", "√n"):
        assert quantile(found[policy], 0.9) > quantile(found["adaptive"], 0.9)


def test_a_trusted_cost_decides_at_once_and_another_is_tried_first():
    assert chunker(is_trusted=True).next_size(400) >= 200
    assert chunker(is_trusted=True, failures_per_s=1e-9).next_size(400) == 400
    first = chunker().next_size(400)
    assert first < 100
    tried = chunker()
    tried.finished(first, FLAT.seconds(first))
    assert first < tried.next_size(400) <= 4 * first


def test_sizes_shrink_where_more_at_once_makes_each_dearer():
    learner = chunker(is_trusted=True)
    learner.finished(50, 5.0)
    learner.finished(100, 40.0)
    assert learner.next_size(250) <= 60


def test_none_is_as_large_again_as_one_that_ran_out_of_memory():
    learner = chunker(is_trusted=True)
    learner.too_large(400)
    for _ in range(3):
        size = learner.next_size(400)
        assert size <= 200
        learner.finished(size, FLAT.seconds(size))


def test_the_limit_holds_whatever_is_learnt():
    learner = chunker(is_trusted=True, limit=30)
    for _ in range(5):
        size = learner.next_size(400)
        assert size <= 30
        learner.finished(size, 0.01)


def test_failures_by_chance_make_chunks_smaller_but_not_where_all_cost_the_same():
    data = ChunkCost(fixed_s=0.01, each_s=1.0)
    shared = ChunkCost(fixed_s=400.0, each_s=0.01)
    for prior, is_smaller in ((data, True), (shared, False)):
        learner = chunker(prior=prior, is_trusted=True)
        before = learner.next_size(400)
        for _ in range(5):
            learner.struck(prior.seconds(before) / 3)
        assert (learner.next_size(400) < before / 2) is is_smaller


@pytest.mark.parametrize("partitions", [1, 2, 7, 365, 90_000])
def test_sizes_cover_all_from_one_query_to_one_a_partition(partitions):
    found = sizes(partitions, partitions)
    assert found[0] == partitions
    assert found[-1] == 1
    assert found == sorted(set(found), reverse=True)
    assert len(found) < 120


def test_the_best_size_is_no_larger_than_allowed_and_takes_hopeless_failures():
    assert best_chunk(FLAT, 400, most=37) <= 37
    assert 1 <= best_chunk(FLAT, 400, most=400, failures_per_s=1e6) <= 400


def test_a_guess_of_what_fits_is_not_trusted_beyond_what_it_has_shown():
    cheap = ChunkCost(fixed_s=0.01, each_s=0.1)
    learner = chunker(prior=cheap, most=100, is_trusted=True)
    first = learner.next_size(400)
    assert first < 10, "a small one costs next to nothing, and shows more than the guess"
    learner.finished(first, cheap.seconds(first))
    assert first < learner.next_size(400) <= 4 * first


def test_sizes_that_spilled_are_left_and_those_that_went_well_are_kept():
    learner = chunker(most=100, is_trusted=True)
    for size, seconds in ((25, 3.5), (100, 11.0), (200, 80.0)):
        learner.finished(size, seconds)
    assert 60 <= learner.next_size(400) <= 130


def test_two_noisy_chunks_do_not_make_all_of_the_cost_vanish():
    learner = chunker(prior=ChunkCost(fixed_s=40.0, each_s=0.1), is_trusted=True)
    learner.finished(50, 36.0)
    learner.finished(60, 52.0)
    assert learner.cost.fixed_s > 20


def test_a_failure_that_came_late_tells_that_chunks_are_slower_than_thought():
    learner = chunker(is_trusted=True)
    size = learner.next_size(400)
    before = learner.cost.seconds(size)
    learner.struck(before / 2)
    assert learner.cost.seconds(size) == pytest.approx(before), "an early one tells nothing"
    learner.struck(3 * before)
    assert learner.cost.seconds(size) > 2 * before
