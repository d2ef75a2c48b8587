"""Chunks that take much longer than expected are followed by smaller ones, and the rows stay the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sqlbackfill.errors import Diagnostic, Severity
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import ChunkStatus, RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.chunk_cost import Basis, ChunkCost, ModelCost
from sqlbackfill.plan.sizing import Sizing
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run import events
from sqlbackfill.run.execute import execute
from sqlbackfill.run.resizing import Resized, Resizer
from sqlbackfill.run.schedule import Task
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain

NOTE = Diagnostic(code="CHUNK_SMALLER", severity=Severity.NOTE, message="smaller from here")
SHARED = ModelCost(
    curve=ChunkCost(fixed_s=10.0, each_s=0.1), basis=Basis.HISTORY, factor=1.5, largest=300
)
"""What a query costs whatever it covers is most of it."""


def task(size: int, because: str = "the cheapest") -> Task:
    step = replace(chain.step("daily", PartitionSet.span(0, 300), size=10), because=because)
    return Task(step, Chunk(0, size), 0)


def after(*chunks: tuple[int, int, float], because: str = "the cheapest") -> list[int | None]:
    """What is said after each of `chunks`: partitions, rows, seconds."""
    resizer = Resizer()
    said = [resizer.finished(task(size, because), rows, seconds) for size, rows, seconds in chunks]
    return [each.most if each else None for each in said]


def test_chunks_that_take_what_they_should_stay_as_planned():
    assert after(*[(30, 900, 3.0)] * 6) == [None] * 6
    assert after(*[(30, 900, 3.0 * noise) for noise in (1, 1.2, 0.8, 1.3, 0.9)]) == [None] * 5


def test_one_that_takes_half_as_long_again_is_followed_by_smaller_ones():
    assert after((30, 900, 3.0), (30, 900, 3.0), (30, 900, 6.0)) == [None, None, 18]


def test_one_with_more_rows_may_take_longer():
    assert after((30, 900, 3.0), (30, 900, 3.0), (30, 2700, 9.0)) == [None] * 3


def test_a_moment_more_or_a_single_partition_changes_nothing():
    assert after((30, 900, 0.01), (30, 900, 0.01), (30, 900, 0.2)) == [None] * 3
    assert after((1, 9, 3.0), (1, 9, 3.0), (1, 9, 30.0)) == [None] * 3


def test_what_was_asked_for_is_never_cut_anew():
    assert after((30, 9, 3.0), (30, 9, 3.0), (30, 9, 30.0), because="asked for") == [None] * 3


def test_a_run_cuts_what_is_left_says_so_and_writes_the_same_rows(
    warehouse: DoubleAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finished(_self: Resizer, task: Task, _rows: int, _seconds: float) -> Resized | None:
        is_first = task.model in ("daily", "trailing") and task.chunk.start == chain.FIRST
        return Resized(2, NOTE) if is_first and task.chunk.end - task.chunk.start > 2 else None

    monkeypatch.setattr(Resizer, "finished", finished)
    seen: list[events.Event] = []
    result = execute(chain.run_inputs(warehouse, "r", sink=seen.append))
    assert result.status is RunStatus.DONE
    assert chain.disagreements(warehouse) == []
    resized = [event for event in seen if isinstance(event, events.ChunkResized)]
    assert [(event.model, event.most) for event in resized] == [("daily", 2), ("trailing", 2)]
    sizes = [
        event.chunk.end - event.chunk.start
        for event in seen
        if isinstance(event, events.ChunkFinished) and event.model == "daily"
    ]
    assert sizes == [4, 2, 2, 2, 2]
    session = warehouse.session()
    ledger = Ledger(warehouse, warehouse.database)
    kept = session.execute(
        f"SELECT model, status, code FROM {ledger.place.sql('run_chunk')} ORDER BY seq"
    )
    assert kept == [
        (model, ChunkStatus.RESIZED.value, "CHUNK_SMALLER") for model in ("daily", "trailing")
    ]
    assert ledger.failures(session, [chain.relation(warehouse, "daily")]) == {}
    progress = ledger.progress(session, ["r"])["r"]
    assert (progress.partitions_failed, progress.partitions_blocked) == (0, 0)


def grown(sizing: Sizing | None, sizes: int = 6, size: int = 10) -> list[int | None]:
    """What is said after so many chunks that took what `SHARED` says."""
    resizer = Resizer(lambda _model: sizing)
    said = [resizer.finished(task(size), size, SHARED.curve.seconds(size)) for _ in range(sizes)]
    return [each.most if each else None for each in said]


def test_chunks_grow_where_each_costs_much_whatever_it_covers_by_no_more_than_four_times():
    first, second, *_ = grown(Sizing(cost=SHARED))
    assert first is None
    assert second == 40


def test_within_a_budget_none_grows_beyond_the_plan():
    resizer = Resizer(lambda _model: Sizing(cost=SHARED), may_grow=False)
    said = [resizer.finished(task(10), 10, SHARED.curve.seconds(10)) for _ in range(6)]
    assert said == [None] * 6


def test_none_grows_beyond_what_fits_or_the_model_allows_or_where_chunks_are_fixed():
    said = [each for each in grown(Sizing(cost=SHARED, most=25)) if each is not None]
    assert said
    assert max(said) <= 25
    assert grown(Sizing(cost=SHARED, most=10)) == [None] * 6
    assert grown(None) == [None] * 6


def test_none_grows_again_beyond_one_that_ran_out_of_memory():
    resizer = Resizer(lambda _model: Sizing(cost=SHARED))
    resizer.too_large(task(20), 10)
    said = [resizer.finished(task(10), 10, SHARED.curve.seconds(10)) for _ in range(6)]
    assert said == [None] * 6


def test_those_made_smaller_for_a_slow_moment_grow_again():
    resizer = Resizer()
    said = [
        resizer.finished(task(size), 30 * size, seconds)
        for size, seconds in ((30, 3.0), (30, 3.0), (30, 9.0), *[(18, 1.8)] * 3)
    ]
    assert [each.most if each else None for each in said] == [None, None, 18, None, None, 30]
    assert said[-1] is not None
    assert said[-1].why.code == "CHUNK_LARGER"


def test_the_same_timings_give_the_same_sizes():
    assert grown(Sizing(cost=SHARED), sizes=12) == grown(Sizing(cost=SHARED), sizes=12)


def larger_after_the_first(
    _self: Resizer, task: Task, _rows: int, _seconds: float
) -> Resized | None:
    return Resized(6, NOTE) if task.model == "daily" and task.chunk.start == chain.FIRST else None


def run_with(
    warehouse: DoubleAdapter, monkeypatch: pytest.MonkeyPatch, *ranges: tuple[int, int]
) -> list[tuple[int, int]]:
    """The chunks of `daily`, planned as two days each, of which up to three are joined after the first."""
    monkeypatch.setattr(Resizer, "finished", larger_after_the_first)
    seen: list[events.Event] = []
    days = PartitionSet.of((chain.FIRST + start, chain.FIRST + end) for start, end in ranges)
    plan = chain.plan(chain.step("daily", days, size=2))
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sink=seen.append))
    assert result.status is RunStatus.DONE
    return [
        (event.chunk.start - chain.FIRST, event.chunk.end - chain.FIRST)
        for event in seen
        if isinstance(event, events.ChunkFinished)
    ]


def test_planned_neighbours_are_written_together_and_none_is_left_out_or_doubled(
    warehouse: DoubleAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_with(warehouse, monkeypatch, (0, 12)) == [(0, 2), (2, 8), (8, 12)]
    rows = warehouse.session().execute("SELECT COUNT(*), COUNT(DISTINCT d) FROM main.daily")
    assert rows == [(36, 12)]


def test_a_gap_is_never_bridged(warehouse: DoubleAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run_with(warehouse, monkeypatch, (0, 5), (6, 12))
    assert found == [(0, 2), (2, 5), (6, 12)]
