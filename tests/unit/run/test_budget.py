"""How much a run may spend before it stops to launch."""

from __future__ import annotations

import pytest

from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Estimate, Reason, Spread, Step
from sqlbackfill.run.budget import Budget, Spending
from sqlbackfill.run.schedule import Task


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def task(start: int, end: int, model: str = "m", high: float | None = 100.0) -> Task:
    step = Step(
        model=model,
        reason=Reason.REQUESTED,
        partitions=PartitionSet.span(0, 10),
        strategy="chunk=1",
        because="",
        chunks=(Chunk(0, 10),),
        estimate=Estimate(seconds=None if high is None else Spread(1, 10, high)),
        fingerprint="f",
        table_identity=None,
        ledger_digest="",
    )
    return Task(step, Chunk(start, end), start)


def spending(clock: Clock, limit: float, least_s: float = 0.0) -> Spending:
    return Spending(Budget(limit_usd=limit, usd_per_second=1.0, least_s=least_s), clock)


def test_a_chunk_is_launched_as_long_as_the_high_end_of_its_estimate_fits() -> None:
    assert spending(Clock(), 10).refusal(task(0, 1)) is None
    refusal = spending(Clock(), 9.9).refusal(task(0, 1))
    assert refusal is not None
    assert refusal.code == "BUDGET_SPENT"


def test_what_is_under_way_counts_by_when_it_should_end() -> None:
    clock = Clock()
    spent = spending(clock, 25)
    spent.launched(task(0, 2))

    assert spent.refusal(task(0, 1, "other")) is None
    clock.now += 16
    assert spent.refusal(task(0, 1, "other")) is not None


def test_every_chunk_of_one_model_that_is_under_way_counts() -> None:
    clock = Clock()
    spent = spending(clock, 45)
    spent.launched(task(0, 4))
    spent.launched(task(4, 5))
    spent.ended(task(4, 5), 1.0)

    clock.now += 6
    assert spent.refusal(task(5, 6)) is None, "the long one ends within the budget"
    spent.ended(task(0, 4), 44.0)
    assert spent.refusal(task(6, 10)) is not None, "four more would take 44 s"

    spent = spending(clock, 35)
    spent.launched(task(0, 4))
    spent.launched(task(4, 5))
    spent.ended(task(4, 5), 1.0)
    assert spent.refusal(task(5, 6)) is not None, "the long one alone exceeds it"


def test_what_has_run_tells_more_than_the_estimate() -> None:
    clock = Clock()
    spent = spending(clock, 12)
    spent.launched(task(0, 1))
    clock.now += 1
    spent.ended(task(0, 1), 1.0)

    assert spent.refusal(task(1, 10)) is None
    assert spent.refusal(task(1, 10, "other")) is not None


def test_the_first_minute_of_a_warehouse_is_billed_whole() -> None:
    assert spending(Clock(), 30, least_s=60).refusal(task(0, 1)) is not None
    assert spending(Clock(), 60, least_s=60).refusal(task(0, 1)) is None


def test_a_chunk_of_which_nothing_is_known_counts_once_it_has_run() -> None:
    clock = Clock()
    spent = spending(clock, 5)
    assert spent.refusal(task(0, 1, high=None)) is None
    spent.launched(task(0, 1, high=None))
    clock.now += 4
    spent.ended(task(0, 1, high=None), 4.0)

    assert spent.spent_usd == pytest.approx(4)
    assert spent.refusal(task(1, 2, high=None)) is not None
