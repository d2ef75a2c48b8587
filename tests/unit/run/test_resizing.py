"""Chunks that take much longer than expected are followed by smaller ones, and the rows stay the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import ChunkStatus, RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk
from sqlbackfill.run import events
from sqlbackfill.run.execute import execute
from sqlbackfill.run.resizing import Resizer
from sqlbackfill.run.schedule import Task
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain


def task(size: int, because: str = "the cheapest") -> Task:
    step = replace(chain.step("daily", PartitionSet.span(0, 300)), because=because)
    return Task(step, Chunk(0, size), 0)


def after(*chunks: tuple[int, int, float], because: str = "the cheapest") -> list[int | None]:
    """What is said after each of `chunks`: partitions, rows, seconds."""
    resizer = Resizer()
    return [resizer.finished(task(size, because), rows, seconds) for size, rows, seconds in chunks]


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
    def finished(_self: Resizer, task: Task, _rows: int, _seconds: float) -> int | None:
        is_first = task.model in ("daily", "trailing") and task.chunk.start == chain.FIRST
        return 2 if is_first and task.chunk.end - task.chunk.start > 2 else None

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
        (model, ChunkStatus.RESIZED.value, "CHUNK_SLOWER") for model in ("daily", "trailing")
    ]
    assert ledger.failures(session, [chain.relation(warehouse, "daily")]) == {}
    progress = ledger.progress(session, ["r"])["r"]
    assert (progress.partitions_failed, progress.partitions_blocked) == (0, 0)
