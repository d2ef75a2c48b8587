"""Chunks side by side, taken apart, tried again and cut off: what a run does besides writing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sqlbackfill.errors import Diagnostic, FailureKind, TransientError, WarehouseError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Plan, Reason
from sqlbackfill.run import events
from sqlbackfill.run.backoff import Backoff
from sqlbackfill.run.execute import execute
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.run.remedy import Remedies
from sqlbackfill.run.result import BlockedChunk, FailedChunk, RunResult
from sqlbackfill.run.schedule import Task
from sqlbackfill.run.tally import Tally
from sqlbackfill.warehouse.double import DoubleAdapter, Moment, Operation, Script
from tests.crash import chain

FIRST = chain.FIRST
BAD_DAY = "SELECT d, k, CAST(CASE WHEN d = DATE '{day}' THEN 'x' ELSE '1' END AS INTEGER) AS v FROM {{main}}.raw"


def days(start: int, end: int) -> PartitionSet:
    return PartitionSet.span(FIRST + start, FIRST + end)


def one_step(model: str = "daily", size: int = 8, partitions: PartitionSet | None = None) -> Plan:
    return chain.plan(chain.step(model, partitions or days(0, 8), size=size))


def with_query(warehouse: DoubleAdapter, query: str) -> Callable[[str, Chunk], ChunkSql]:
    """The chain's SQL, but that of `daily` is another query."""
    return lambda name, chunk: chain.chunk_sql(
        warehouse, name, chunk, query if name == "daily" else None
    )


def refusing(
    warehouse: DoubleAdapter, error: Callable[[], Exception], when: Callable[[Chunk], bool]
) -> Callable[[str, Chunk], ChunkSql]:
    """SQL whose INSERT raises `error` for the chunks of `daily` for which `when` holds."""

    def sql(name: str, chunk: Chunk) -> ChunkSql:
        found = chain.chunk_sql(warehouse, name, chunk)
        if name != "daily" or not when(chunk):
            return found
        return replace(found, select=f"{found.select} /* refused */")

    warehouse.script = _Refusals(error)
    return sql


class _Refusals(Script):
    """A script by which every INSERT of a query that is marked so fails."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        super().__init__()
        self._error = error

    def strike(self, operation: Operation, moment: Moment) -> None:
        if "/* refused */" in operation.sql and operation.sql.startswith("INSERT"):
            raise self._error()
        super().strike(operation, moment)


def of_kind(kind: FailureKind) -> Callable[[], Exception]:
    return lambda: WarehouseError(Diagnostic(code="X", message="no")).of_kind(kind)


def model_of(result: RunResult, name: str = "daily") -> tuple[int, int]:
    """The partitions built and the queries run."""
    found = next(model for model in result.models if model.model == name)
    return found.partitions_built, found.queries


# Side by side.


def test_several_workers_leave_what_one_leaves(warehouse: DoubleAdapter) -> None:
    other = DoubleAdapter()
    session = other.session()
    chain.make_source(session)
    session.close()
    one = execute(chain.run_inputs(other, "r"))
    three = execute(chain.run_inputs(warehouse, "r", max_parallel=3))
    assert three.status is RunStatus.DONE
    assert chain.contents(warehouse) == chain.contents(other)
    assert chain.disagreements(warehouse) == []
    assert [replace(m, seconds=0.0) for m in three.models] == [
        replace(m, seconds=0.0) for m in one.models
    ]
    other.close()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_never_more_chunks_run_than_allowed_nor_two_of_one_model(
    warehouse: DoubleAdapter, workers: int
) -> None:
    running: list[str] = []
    most = 0
    order: list[tuple[str, str]] = []

    def sink(event: events.Event) -> None:
        nonlocal most
        if isinstance(event, events.ChunkStarted):
            assert event.model not in running
            running.append(event.model)
            most = max(most, len(running))
            order.append(("start", event.model))
        elif isinstance(event, events.ChunkFinished):
            running.remove(event.model)
            order.append(("end", event.model))

    steps = tuple(chain.step(name, chain.ALL, size=2) for name in chain.MODELS)
    result = execute(
        chain.run_inputs(warehouse, "r", plan=chain.plan(*steps), max_parallel=workers, sink=sink)
    )
    assert result.status is RunStatus.DONE
    assert most == min(workers, 3), "summary waits for all of daily"
    last_daily = max(at for at, each in enumerate(order) if each == ("end", "daily"))
    assert (order.index(("start", "trailing")) < last_daily) == (workers > 1)
    assert order.index(("start", "summary")) > last_daily


def test_failures_come_in_the_plans_order_however_many_workers(warehouse: DoubleAdapter) -> None:
    query = BAD_DAY.format(day="2013-01-06")
    found = []
    for workers in (1, 3):
        adapter = DoubleAdapter()
        session = adapter.session()
        chain.make_source(session)
        session.close()
        result = execute(
            chain.run_inputs(adapter, "r", sql=with_query(adapter, query), max_parallel=workers)
        )
        found.append(
            (
                [error.message for error in result.errors],
                [(b.model, b.chunk, b.by, b.lost) for b in result.blocked],
                [replace(m, seconds=0.0) for m in result.models],
            )
        )
        assert chain.disagreements(adapter) == []
        adapter.close()
    assert found[0] == found[1]


def test_what_went_wrong_is_put_in_the_plans_order() -> None:
    plan = chain.plan(*(chain.step(name, chain.ALL) for name in ("daily", "trailing")))
    tally = Tally(plan, {})
    why = Diagnostic(code="X", message="no")
    for model, at in (("trailing", 4), ("daily", 8), ("trailing", 0), ("daily", 0)):
        chunk = Chunk(FIRST + at, FIRST + at + 4)
        tally.failed([FailedChunk(model, chunk, why)], by_guard=False)
        tally.block(BlockedChunk(model, chunk, "daily", days(0, 1)))
    tally.in_order()
    wanted = [("daily", 0), ("daily", 8), ("trailing", 0), ("trailing", 4)]
    for found in (tally.failures, tally.blocked):
        assert [(each.model, each.chunk.start - FIRST) for each in found] == wanted


# Taken apart.


@pytest.mark.parametrize("day", range(8))
def test_one_bad_day_of_eight_costs_six_more_queries_and_that_day(
    warehouse: DoubleAdapter, day: int
) -> None:
    query = BAD_DAY.format(day=f"2013-01-{day + 1:02}")
    result = execute(
        chain.run_inputs(warehouse, "r", plan=one_step(), sql=with_query(warehouse, query))
    )
    assert model_of(result) == (7, 1 + 2 * 3)
    [failure] = result.failures
    assert failure.chunk == Chunk(FIRST + day, FIRST + day + 1)
    assert failure.diagnostic.message.startswith(f"daily 2013-01-{day + 1:02}: ")
    assert chain.disagreements(warehouse) == []
    ledger = Ledger(warehouse, warehouse.database)
    progress = ledger.progress(warehouse.session(), ["r"])["r"]
    assert (progress.partitions_done, progress.partitions_failed) == (7, 1)


def test_a_run_after_a_bisection_takes_the_bad_day_alone(warehouse: DoubleAdapter) -> None:
    query = BAD_DAY.format(day="2013-01-03")
    execute(chain.run_inputs(warehouse, "r", plan=one_step(), sql=with_query(warehouse, query)))
    good = BAD_DAY.format(day="1999-01-01")
    again = execute(
        chain.run_inputs(warehouse, "s", plan=one_step(), sql=with_query(warehouse, good))
    )
    assert again.status is RunStatus.DONE
    assert model_of(again) == (1, 1)
    assert chain.disagreements(warehouse) == []


def test_a_chunk_that_is_bad_throughout_ends_soon() -> None:
    step = chain.step("daily", PartitionSet.span(0, 365), size=365)
    remedies, error = Remedies(lambda _model, _size: False), of_kind(FailureKind.DATA)()
    assert isinstance(error, WarehouseError)
    todo, queries, failed = [Task(step, step.chunks[0], 0)], 0, PartitionSet.empty()
    while todo:
        task = todo.pop()
        queries += 1
        halves = remedies.halves(task, error)
        todo += [task.part(start, end, 0) for start, end in reversed(halves)]
        if not halves:
            failed |= task.chunk.partitions
    assert queries == 1 + 2 * 4 * 9, "as much as four bad partitions of 365 may cost"
    assert failed == PartitionSet.span(0, 365)


def test_bad_rows_are_not_looked_for_where_each_part_costs_what_the_whole_does() -> None:
    step = chain.step("daily", PartitionSet.span(0, 8), size=8)
    task = Task(step, step.chunks[0], 0)
    asked: list[tuple[str, int]] = []

    def prevail(model: str, size: int) -> bool:
        asked.append((model, size))
        return True

    remedies = Remedies(prevail)
    assert remedies.halves(task, of_kind(FailureKind.DATA)()) == ()
    assert asked == [("daily", 8)]
    assert len(remedies.halves(task, of_kind(FailureKind.MEMORY)())) == 2, "less may fit"


def test_what_is_too_much_for_memory_is_halved_and_so_is_what_comes_after(
    warehouse: DoubleAdapter,
) -> None:
    sizes: list[int] = []

    def too_much(chunk: Chunk) -> bool:
        sizes.append(chunk.end - chunk.start)
        return chunk.end - chunk.start > 2

    sql = refusing(warehouse, of_kind(FailureKind.MEMORY), too_much)
    plan = one_step(size=6, partitions=chain.ALL)
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sql=sql))
    assert result.status is RunStatus.DONE
    assert model_of(result)[0] == 12
    assert sizes == [6, 3, 1, 2, 2, 1, 2, 2, 2], "and never more than two again"
    assert chain.disagreements(warehouse) == []


def test_what_is_right_as_one_query_only_is_never_taken_apart(warehouse: DoubleAdapter) -> None:
    sql = refusing(warehouse, of_kind(FailureKind.MEMORY), lambda _: True)
    models = chain.planned_models(warehouse, daily={"is_never_cut": True})
    plan = one_step(size=6, partitions=chain.ALL)
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sql=sql, models=models))
    assert [each.chunk.end - each.chunk.start for each in result.failures] == [6, 6]
    assert model_of(result) == (0, 2)


def test_a_permanent_error_is_neither_tried_again_nor_taken_apart(
    warehouse: DoubleAdapter,
) -> None:
    result = execute(
        chain.run_inputs(
            warehouse,
            "r",
            plan=one_step(),
            sql=with_query(warehouse, "SELECT nope FROM {main}.raw"),
        )
    )
    assert model_of(result) == (0, 1)
    assert len(result.failures) == 1


def test_a_guard_names_the_rows_itself(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "r", plan=one_step()))
    empty = "SELECT d, k, SUM(v) AS v FROM {main}.raw WHERE d <> DATE '2013-01-03' GROUP BY d, k"
    result = execute(
        chain.run_inputs(
            warehouse, "s", plan=one_step(), sql=with_query(warehouse, empty), already={}
        )
    )
    assert result.status is RunStatus.STOPPED
    assert model_of(result) == (0, 1)


# Tried again.


def test_a_transient_error_is_tried_so_often_and_no_more(warehouse: DoubleAdapter) -> None:
    def transient() -> Exception:
        return TransientError(Diagnostic(code="WRITE_CONFLICT", message="try again"))

    sql = refusing(warehouse, transient, lambda _: True)
    backoff = Backoff(first_s=0.0, retries=3)
    result = execute(
        chain.run_inputs(warehouse, "r", plan=one_step(size=12), sql=sql, backoff=backoff)
    )
    assert model_of(result) == (0, 4), "once, three times more, and never in parts"


def test_pauses_double_and_lie_between_half_and_all_of_their_ceiling() -> None:
    lowest = list(Backoff(first_s=1.0, most_s=5.0, retries=5, chance=lambda: 0.0).pauses_s())
    highest = list(Backoff(first_s=1.0, most_s=5.0, retries=5, chance=lambda: 1.0).pauses_s())
    assert highest == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert lowest == [0.5, 1.0, 2.0, 2.5, 2.5]


# Cut off.


def downstream(*models: str) -> Plan:
    reasons = {"daily": Reason.REQUESTED}
    return chain.plan(
        *(
            replace(chain.step(name, chain.ALL), reason=reasons.get(name, Reason.DOWNSTREAM))
            for name in models
        )
    )


def test_what_is_right_as_one_query_only_is_cut_off_whole_or_not_at_all(
    warehouse: DoubleAdapter,
) -> None:
    execute(chain.run_inputs(warehouse, "first"))
    models = chain.planned_models(warehouse, trailing={"is_never_cut": True})
    for needed, built in ((days(5, 6), 4), (PartitionSet.empty(), 0)):
        result = execute(
            chain.run_inputs(
                warehouse,
                f"then {built}",
                plan=downstream("daily", "trailing"),
                already={},
                models=models,
                still_needed=lambda _model, partitions, needed=needed: partitions & needed,
            )
        )
        assert model_of(result, "trailing")[0] == built


def test_what_is_no_longer_needed_is_cut_off_and_satisfies_its_readers(
    warehouse: DoubleAdapter,
) -> None:
    execute(chain.run_inputs(warehouse, "first"))
    asked: list[tuple[str, PartitionSet]] = []
    seen: list[events.Event] = []

    def still_needed(model: str, partitions: PartitionSet) -> PartitionSet:
        asked.append((model, partitions))
        return partitions & days(5, 6)

    inputs = chain.run_inputs(
        warehouse,
        "second",
        plan=downstream("daily", "trailing"),
        already={},
        still_needed=still_needed,
        sink=seen.append,
    )
    result = execute(inputs)
    assert result.status is RunStatus.DONE
    assert [model for model, _ in asked] == ["trailing"] * 3, "never those that were asked for"
    [daily, trailing] = result.models
    assert (daily.partitions_built, daily.partitions_cut_off) == (12, 0)
    assert (trailing.partitions_built, trailing.queries) == (1, 1)
    assert trailing.partitions_cut_off == trailing.partitions_skipped == 11
    cut = [event.partitions for event in seen if isinstance(event, events.ChunkCutOff)]
    assert cut == [days(0, 4), days(4, 5) | days(6, 8), days(8, 12)]
    assert chain.disagreements(warehouse) == []


def test_a_chain_of_which_nothing_is_needed_runs_no_query(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "first"))
    result = execute(
        chain.run_inputs(
            warehouse,
            "second",
            plan=downstream("running", "summary"),
            already={},
            max_parallel=2,
            still_needed=lambda _model, _partitions: PartitionSet.empty(),
        )
    )
    assert result.status is RunStatus.DONE
    assert [model.queries for model in result.models] == [0, 0]
    assert result.blocked == (), "what is cut off satisfies the next link"
    assert result.resume is None
