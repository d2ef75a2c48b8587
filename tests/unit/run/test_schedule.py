from __future__ import annotations

from dataclasses import replace

from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Reason
from sqlbackfill.run.schedule import tasks
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain

MODELS = chain.planned_models(DoubleAdapter())
NOTHING: dict[str, PartitionSet] = {}


def days(*ranges: tuple[int, int]) -> PartitionSet:
    return PartitionSet.of((chain.FIRST + a, chain.FIRST + b) for a, b in ranges)


def chunks(model: str, found: tuple[object, ...]) -> list[tuple[int, int]]:
    return [
        (task.chunk.start - chain.FIRST, task.chunk.end - chain.FIRST)
        for task in found
        if task.model == model
    ]


def test_chunks_come_in_the_order_of_the_plan() -> None:
    plan = chain.plan(chain.step("daily", days((0, 6))), chain.step("trailing", days((0, 2))))
    found = tasks(plan, MODELS, NOTHING)
    assert [(task.model, task.number) for task in found] == [
        ("daily", 0),
        ("daily", 1),
        ("trailing", 0),
    ]
    assert chunks("daily", found) == [(0, 4), (4, 6)]


def test_partitions_built_before_are_cut_out_of_their_chunk() -> None:
    plan = chain.plan(chain.step("daily", days((0, 4))))
    found = tasks(plan, MODELS, {"daily": days((1, 2))})
    assert chunks("daily", found) == [(0, 1), (2, 4)]
    assert [task.number for task in found] == [0, 1]


def test_a_plan_that_was_done_leaves_nothing_to_do() -> None:
    assert (
        tasks(chain.plan(), MODELS, dict.fromkeys(MODELS, chain.ALL | PartitionSet.single(0))) == ()
    )


def test_a_model_that_reads_itself_goes_one_day_at_a_time_through_all_its_steps() -> None:
    missing = replace(chain.step("running", days((1, 2), (4, 5))), reason=Reason.MISSING)
    plan = chain.plan(
        chain.step("running", days((2, 4))), chain.step("daily", days((0, 1))), missing
    )
    found = tasks(plan, MODELS, {"running": days((3, 4))})
    assert chunks("running", found) == [(1, 2), (2, 3), (4, 5)]
    assert [task.step.reason for task in found if task.model == "running"] == [
        Reason.MISSING,
        Reason.REQUESTED,
        Reason.MISSING,
    ]
    assert [task.model for task in found] == ["running"] * 3 + ["daily"]
