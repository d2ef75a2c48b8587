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
    found = regrets([scenario(chance) for _ in range(40)], 5)
    assert quantile(found["adaptive"], 0.5) <= 1.15
    assert quantile(found["adaptive"], 0.9) <= 2.5
    assert max(found["adaptive"]) < 6
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
