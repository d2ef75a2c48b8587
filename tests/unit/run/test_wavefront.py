from __future__ import annotations

from dataclasses import replace

from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Plan, Reason
from sqlbackfill.run.schedule import Order, Task, tasks
from sqlbackfill.run.wavefront import Blocked, Wavefront
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain

MODELS = chain.planned_models(DoubleAdapter())
Named = tuple[str, int, int]


def days(start: int, end: int) -> PartitionSet:
    return PartitionSet.span(chain.FIRST + start, chain.FIRST + end)


def wavefront(
    plan: Plan, order: Order = Order.PLAN, look_ahead: int = 4, at_once: int = 1
) -> Wavefront:
    found = tasks(plan, MODELS, {}, order)
    return Wavefront(found, MODELS, chain.reads, look_ahead=look_ahead, at_once=at_once)


def name(task: Task) -> Named:
    first = 0 if task.model == "summary" else chain.FIRST
    return task.model, task.chunk.start - first, task.chunk.end - first


def taken(wave: Wavefront) -> list[Task]:
    found = []
    while (task := wave.take()) is not None:
        assert isinstance(task, Task)
        found.append(task)
    return found


def finish(wave: Wavefront, task: Task) -> None:
    wave.settle(task.model, task.chunk.partitions)
    wave.release(task.model)


def in_turn(wave: Wavefront) -> list[Named]:
    """The order in which one worker does everything."""
    order = []
    while (task := wave.take()) is not None:
        assert isinstance(task, Task)
        order.append(name(task))
        finish(wave, task)
    assert wave.is_over
    return order


def test_one_worker_follows_the_plan() -> None:
    plan = chain.plan(*(chain.step(m, days(0, 8)) for m in ("daily", "trailing", "summary")))
    assert in_turn(wavefront(plan)) == [
        ("daily", 0, 4),
        ("daily", 4, 8),
        ("trailing", 0, 4),
        ("trailing", 4, 8),
        ("summary", 0, 1),
    ]


def test_a_downstream_chunk_starts_before_its_upstream_model_is_done() -> None:
    plan = chain.plan(*(chain.step(m, days(0, 12)) for m in ("daily", "trailing")))
    wave = wavefront(plan)
    [first] = taken(wave)
    assert name(first) == ("daily", 0, 4), "and no second chunk of the model beside it"
    finish(wave, first)
    assert [name(task) for task in taken(wave)] == [("daily", 4, 8), ("trailing", 0, 4)]


def test_a_chunk_waits_for_all_of_its_read_window() -> None:
    plan = chain.plan(chain.step("daily", days(0, 12)), chain.step("trailing", days(4, 8)))
    wave = wavefront(plan)
    [first] = taken(wave)
    finish(wave, first)
    [second] = taken(wave)
    assert name(second) == ("daily", 4, 8)
    finish(wave, second)
    assert ("trailing", 4, 8) in [name(task) for task in taken(wave)]


def test_partitions_that_the_plan_does_not_build_are_taken_as_they_are() -> None:
    plan = chain.plan(chain.step("daily", days(8, 12)), chain.step("trailing", days(0, 4)))
    found = [name(task) for task in taken(wavefront(plan))]
    assert found == [("daily", 8, 12), ("trailing", 0, 4)]


def test_an_input_read_whole_is_a_barrier() -> None:
    plan = chain.plan(*(chain.step(m, days(0, 8)) for m in ("daily", "summary")))
    wave = wavefront(plan)
    [first] = taken(wave)
    finish(wave, first)
    [second] = taken(wave)
    assert second.model == "daily"
    finish(wave, second)
    assert [name(task) for task in taken(wave)] == [("summary", 0, 1)]


def test_a_model_that_reads_itself_ascends_one_day_at_a_time_in_every_order() -> None:
    plan = chain.plan(*(chain.step(m, days(0, 6), size=2) for m in ("daily", "running")))
    for order in Order:
        found = [each for each in in_turn(wavefront(plan, order)) if each[0] == "running"]
        assert found == [("running", at, at + 1) for at in range(6)], order


def test_the_newest_days_go_through_all_models_first() -> None:
    plan = chain.plan(*(chain.step(m, days(0, 12)) for m in ("daily", "trailing")))
    assert in_turn(wavefront(plan, Order.NEWEST)) == [
        ("daily", 8, 12),
        ("daily", 4, 8),
        ("trailing", 8, 12),
        ("daily", 0, 4),
        ("trailing", 4, 8),
        ("trailing", 0, 4),
    ]


def test_the_oldest_days_go_through_all_models_first() -> None:
    plan = chain.plan(*(chain.step(m, days(0, 8)) for m in ("daily", "trailing")))
    assert in_turn(wavefront(plan, Order.OLDEST)) == [
        ("daily", 0, 4),
        ("trailing", 0, 4),
        ("daily", 4, 8),
        ("trailing", 4, 8),
    ]


def test_what_reads_lost_partitions_is_blocked_and_the_rest_of_its_chunk_is_not() -> None:
    plan = chain.plan(
        chain.step("daily", days(0, 12), size=1), chain.step("trailing", days(0, 12), size=12)
    )
    wave = wavefront(plan)
    for _ in range(12):
        task = wave.take()
        assert isinstance(task, Task)
        if name(task) == ("daily", 5, 6):
            wave.lose("daily", days(5, 6))
            wave.release("daily")
        else:
            finish(wave, task)
    found: list[tuple[Named, bool]] = []
    while (each := wave.take()) is not None:
        task = each.task if isinstance(each, Blocked) else each
        found.append((name(task), isinstance(each, Blocked)))
        if isinstance(each, Blocked):
            assert (each.by, each.lost) == ("daily", days(5, 6))
            wave.lose(task.model, task.chunk.partitions)
            wave.release(task.model)
        else:
            finish(wave, task)
    assert found == [
        (("trailing", 0, 5), False),
        (("trailing", 5, 8), True),
        (("trailing", 8, 12), False),
    ]
    assert wave.is_over


def test_what_is_right_as_one_query_only_is_blocked_whole() -> None:
    models = chain.planned_models(DoubleAdapter(), trailing={"is_never_cut": True})
    plan = chain.plan(
        chain.step("daily", days(0, 12), size=12), chain.step("trailing", days(0, 12), size=12)
    )
    wave = Wavefront(tasks(plan, models, {}), models, chain.reads)
    assert isinstance(wave.take(), Task)
    wave.lose("daily", days(5, 6))
    wave.settle("daily", days(0, 12))
    wave.release("daily")
    blocked = wave.take()
    assert isinstance(blocked, Blocked)
    assert name(blocked.task) == ("trailing", 0, 12)


def test_parts_put_back_go_where_the_whole_would_have_gone() -> None:
    wave = wavefront(chain.plan(chain.step("daily", days(0, 8))))
    whole = wave.take()
    assert isinstance(whole, Task)
    first, middle, end = chain.FIRST, chain.FIRST + 2, chain.FIRST + 4
    wave.put_back(whole, ((first, middle), (middle, end)))
    wave.release("daily")
    numbers = []
    found = []
    while isinstance(task := wave.take(), Task):
        numbers.append(task.number)
        found.append(name(task))
        finish(wave, task)
    assert found == [("daily", 0, 2), ("daily", 2, 4), ("daily", 4, 8)]
    assert numbers == [2, 3, 1], "no number is used twice"


def test_chunks_are_cut_to_what_a_model_may_take() -> None:
    wave = wavefront(chain.plan(chain.step("daily", days(0, 12), size=6)))
    wave.take_no_more_than("daily", 4)
    assert in_turn(wave) == [("daily", 0, 4), ("daily", 4, 6), ("daily", 6, 10), ("daily", 10, 12)]


def test_a_long_plan_looks_at_each_chunk_a_few_times_only() -> None:
    asked = 0

    def reads(model: str, partitions: PartitionSet) -> dict[str, PartitionSet]:
        nonlocal asked
        asked += 1
        return dict(chain.reads(model, partitions))

    many = PartitionSet.span(chain.FIRST, chain.FIRST + chain.COUNT)
    plan = chain.plan(*(chain.step(m, many, size=1) for m in ("daily", "trailing")))
    for order in Order:
        asked = 0
        wave = Wavefront(tasks(plan, MODELS, {}, order), MODELS, reads)
        in_turn(wave)
        assert asked <= 3 * 2 * chain.COUNT


def test_so_many_chunks_of_one_model_go_side_by_side_and_no_more() -> None:
    wave = wavefront(chain.plan(chain.step("daily", days(0, 12), size=2)), at_once=3)
    found = taken(wave)
    assert [name(task) for task in found] == [("daily", 0, 2), ("daily", 2, 4), ("daily", 4, 6)]
    finish(wave, found[1])
    assert [name(task) for task in taken(wave)] == [("daily", 6, 8)]


def test_what_must_not_go_side_by_side_never_does() -> None:
    everything = [chain.step(m, days(0, 12), size=1) for m in ("daily", "running", "summary")]
    wave = wavefront(chain.plan(*everything), at_once=4)
    under_way: list[Task] = []
    seen: dict[str, int] = {}
    while not wave.is_over:
        under_way += taken(wave)
        for model in {task.model for task in under_way}:
            count = sum(task.model == model for task in under_way)
            seen[model] = max(count, seen.get(model, 0))
        finish(wave, under_way.pop(0))
    assert seen == {"daily": 4, "running": 1, "summary": 1}

    altered = replace(chain.step("daily", days(0, 12)), reason=Reason.SCHEMA_CHANGE)
    assert len(taken(wavefront(chain.plan(altered), at_once=4))) == 1


def test_another_table_goes_before_a_second_chunk_of_one() -> None:
    plan = chain.plan(
        chain.step("daily", days(0, 12), size=1),
        chain.step("trailing", days(0, 2), size=1),
    )
    wave = wavefront(plan, at_once=8)
    first = wave.take()
    assert isinstance(first, Task)
    finish(wave, first)
    assert [name(task) for task in (wave.take(), wave.take()) if isinstance(task, Task)] == [
        ("daily", 1, 2),
        ("trailing", 0, 1),
    ]


def test_a_bad_chunk_is_put_back_in_parts_beside_others_of_its_model() -> None:
    wave = wavefront(chain.plan(chain.step("daily", days(0, 12))), at_once=2)
    bad, good = taken(wave)
    first = chain.FIRST
    wave.put_back(bad, ((first, first + 2), (first + 2, first + 4)))
    wave.release("daily")
    [half] = taken(wave)
    assert name(half) == ("daily", 0, 2)
    finish(wave, good)
    [other] = taken(wave)
    assert name(other) == ("daily", 2, 4)
    finish(wave, half)
    [last] = taken(wave)
    finish(wave, other)
    finish(wave, last)
    assert wave.is_over
