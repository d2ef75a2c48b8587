"""Ctrl-C once, twice, and SIGTERM, as real signals to this process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run import events
from sqlbackfill.run.execute import execute
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.run.result import RunResult
from sqlbackfill.run.worker import THREAD_NAME, Workers
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain

ENDLESS = (
    "SELECT d, k, v + (SELECT COUNT(*) FROM range(100000000000) a WHERE hash(a.range) = 8) AS v "
    "FROM {main}.raw"
)
# One call of one function: the engine looks for interrupts between rows only. Takes seconds.
DEAF = (
    "SELECT d, k, v + jaro_similarity(repeat('ab', 40000 + v % 2), repeat('ba', 40000)) AS v "
    "FROM {main}.raw"
)
PLAN = chain.plan(chain.step("daily", chain.ALL))


@pytest.fixture(autouse=True)
def handlers_are_put_back() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


def run(
    warehouse: DoubleAdapter,
    *signals_after_s: tuple[signal.Signals, float],
    endless_from: int = 4,
    seen: list[events.Event] | None = None,
    query: str = ENDLESS,
    grace_s: float = 10.0,
) -> tuple[RunResult, float]:
    """A run whose chunks never end from the day `endless_from`; signals come once one has begun."""

    def sql(model: str, chunk: Chunk) -> ChunkSql:
        is_endless = chunk.start >= chain.FIRST + endless_from
        return chain.chunk_sql(warehouse, model, chunk, query if is_endless else None)

    sent_at: list[float] = []

    def send(number: signal.Signals) -> None:
        sent_at.append(time.monotonic())
        os.kill(os.getpid(), number)

    timers = [threading.Timer(s, send, (number,)) for number, s in signals_after_s]

    def sink(event: events.Event) -> None:
        if seen is not None:
            seen.append(event)
        if (
            isinstance(event, events.ChunkStarted)
            and event.chunk.start >= chain.FIRST + endless_from
        ):
            for timer in timers:
                timer.start()

    try:
        inputs = chain.run_inputs(warehouse, "r", plan=PLAN, sql=sql, sink=sink)
        result = execute(replace(inputs, grace_s=grace_s))
    finally:
        for timer in timers:
            timer.cancel()
    return result, time.monotonic() - sent_at[-1]


def test_ctrl_c_twice_gives_up_the_statement_under_way(warehouse: DoubleAdapter) -> None:
    seen: list[events.Event] = []
    # Two signals become one where the machine is too busy to take the first: then more follow.
    twice = ((signal.SIGINT, 0.1), (signal.SIGINT, 0.3))
    result, took_s = run(warehouse, *twice, (signal.SIGINT, 4.0), (signal.SIGINT, 8.0), seen=seen)
    assert took_s < 2
    assert result.status is RunStatus.INTERRUPTED
    assert result.exit_code == 130
    assert result.resume == "sqlbackfill resume r"
    assert result.models[0].partitions_built == 4
    assert not result.failures
    assert [type(event).__name__ for event in seen].count("Draining") == 1
    assert chain.disagreements(warehouse) == []
    ledger = Ledger(warehouse, warehouse.database)
    assert ledger.run(warehouse.session(), "r").status is RunStatus.INTERRUPTED


def test_sigterm_gives_up_at_once(warehouse: DoubleAdapter) -> None:
    result, took_s = run(warehouse, (signal.SIGTERM, 0.1), endless_from=0)
    assert took_s < 2
    assert result.status is RunStatus.INTERRUPTED
    assert chain.contents(warehouse) == {}


@pytest.mark.parametrize(
    ("signals", "grace_s"),
    [((0.1,), 0.2), ((0.1, 0.3, 0.6, 0.9), 60.0)],
    ids=["after a while", "at the next signal"],
)
def test_a_query_that_heeds_no_interrupt_is_left(
    warehouse: DoubleAdapter, signals: tuple[float, ...], grace_s: float
) -> None:
    sent = [(signal.SIGTERM, after_s) for after_s in signals]
    result, _ = run(warehouse, *sent, endless_from=0, query=DEAF, grace_s=grace_s)
    at_work = [each for each in threading.enumerate() if each.name.startswith(THREAD_NAME)]
    assert at_work
    assert result.is_left
    assert result.status is RunStatus.INTERRUPTED
    assert [each.code for each in result.warnings] == ["QUERY_NOT_INTERRUPTED"]
    for thread in at_work:
        thread.join()
    assert chain.contents(warehouse) == {}
    assert chain.disagreements(warehouse) == []


def test_what_was_interrupted_is_finished_by_another_run(warehouse: DoubleAdapter) -> None:
    run(warehouse, (signal.SIGTERM, 0.1))
    result = execute(chain.run_inputs(warehouse, "second", plan=PLAN))
    assert result.status is RunStatus.DONE
    assert [m.partitions_skipped for m in result.models] == [4]
    assert chain.disagreements(warehouse) == []


def test_ctrl_c_once_finishes_the_chunk_under_way_and_begins_none(
    warehouse: DoubleAdapter,
) -> None:
    seen: list[events.Event] = []

    def sink(event: events.Event) -> None:
        seen.append(event)
        if isinstance(event, events.ChunkStarted):
            os.kill(os.getpid(), signal.SIGINT)

    result = execute(chain.run_inputs(warehouse, "r", plan=PLAN, sink=sink))
    assert result.status is RunStatus.INTERRUPTED
    assert result.models[0].partitions_built == 4
    assert [type(event).__name__ for event in seen] == [
        "RunStarted",
        "ChunkStarted",
        "Draining",
        "ChunkFinished",
        "RunFinished",
    ]


def test_ctrl_c_in_the_last_chunk_leaves_a_run_that_is_done(warehouse: DoubleAdapter) -> None:
    def sink(event: events.Event) -> None:
        if isinstance(event, events.ChunkStarted) and event.chunk.end == chain.FIRST + chain.COUNT:
            os.kill(os.getpid(), signal.SIGINT)

    result = execute(chain.run_inputs(warehouse, "r", plan=PLAN, sink=sink))
    assert result.status is RunStatus.DONE
    assert result.resume is None


def test_outside_the_main_thread_signals_are_left_alone(warehouse: DoubleAdapter) -> None:
    before = signal.getsignal(signal.SIGINT)
    during: list[object] = []

    def sink(event: events.Event) -> None:
        during.append(signal.getsignal(signal.SIGINT))

    with ThreadPoolExecutor(1) as pool:
        inputs = chain.run_inputs(warehouse, "r", plan=PLAN, sink=sink)
        assert pool.submit(execute, inputs).result().status is RunStatus.DONE
    assert set(during) == {before}


def test_handing_a_chunk_over_costs_less_than_a_third_of_a_millisecond() -> None:
    with Workers[int, None](1) as workers:
        best = min(_seconds_of_calls(workers, 200) for _ in range(20))
    assert best / 200 < 0.0003


def _seconds_of_calls(workers: Workers[int, None], count: int) -> float:
    started = time.perf_counter()
    for number in range(count):
        workers.start(number, lambda: None)
        ended = workers.next_done()
        assert ended is not None
        assert ended[0] == number
    return time.perf_counter() - started
