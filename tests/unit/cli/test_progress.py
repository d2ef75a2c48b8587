"""What a run says while it works."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sqlbackfill.cli.output import Look, Output
from sqlbackfill.cli.show.progress import Progress, frame
from sqlbackfill.cli.show.progress_display import LineProgress, LiveProgress, progress_for
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Plan, Reason, Step
from sqlbackfill.run.events import (
    ChunkBlocked,
    ChunkFailed,
    ChunkFinished,
    ChunkStarted,
    Draining,
    RunFinished,
    RunStarted,
)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def started(**sizes: int) -> RunStarted:
    steps = tuple(
        Step(
            model=name,
            reason=Reason.REQUESTED,
            partitions=PartitionSet.span(0, size),
            strategy="partition",
            because="",
            chunks=tuple(Chunk(n, n + 1) for n in range(size)),
            fingerprint="",
            table_identity=None,
            ledger_digest="",
        )
        for name, size in sizes.items()
    )
    plan = Plan(plan_id="p", as_of=datetime(2014, 1, 1, tzinfo=UTC), target="dev", steps=steps)
    return RunStarted("r1", plan, {})


def run_all(display: LineProgress, clock: Clock, model: str, chunks: int, each_s: float) -> None:
    for number in range(chunks):
        display(ChunkStarted(model, Chunk(number, number + 1)))
        clock.now += each_s
        display(ChunkFinished(model, Chunk(number, number + 1), rows=10, seconds=each_s))


def test_thousands_of_quick_chunks_take_one_line_a_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    display = LineProgress(Output(), Progress(clock))
    display(started(flights=3000))
    run_all(display, clock, "flights", 3000, 0.001)
    display(RunFinished("r1", "done"))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.split("\n") == [
        "run r1",
        "flights: 3,000/3,000 partitions, 30,000 rows, 3,000 queries, 3.0 s",
        "",
    ]


def test_a_slow_model_is_heard_of_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    display = LineProgress(Output(), Progress(clock))
    display(started(flights=20))
    run_all(display, clock, "flights", 20, 1.0)
    lines = capsys.readouterr().err.split("\n")
    assert lines[1] == "flights: 5/20 partitions, 50 rows, 15 s left"
    assert len(lines) == 6


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    display = LineProgress(Output(quiet=True), Progress(clock))
    display(started(flights=2))
    run_all(display, clock, "flights", 2, 10.0)
    display(Draining())
    assert capsys.readouterr().err == ""


def test_failed_and_blocked_partitions_are_counted_apart() -> None:
    progress = Progress(Clock())
    progress.take(started(flights=3))
    progress.take(ChunkStarted("flights", Chunk(0, 1)))
    progress.take(ChunkFailed("flights", Chunk(0, 1), Diagnostic(code="X", message="m")))
    progress.take(ChunkBlocked("flights", Chunk(1, 3), by="other"))
    model = progress.models["flights"]
    assert (model.done, model.failed, model.running, model.is_over) == (0, 3, 0, True)


def test_a_chunk_counts_all_the_partitions_that_it_holds() -> None:
    progress = Progress(Clock())
    progress.take(started(flights=31))
    progress.take(ChunkStarted("flights", Chunk(0, 31)))
    progress.take(ChunkFinished("flights", Chunk(0, 31), rows=10, seconds=1.0))
    assert progress.models["flights"].done == 31
    assert progress.models["flights"].is_over


def test_what_a_run_before_has_built_counts_as_done_but_not_towards_the_rate() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.take(replace(started(flights=10), skipped={"flights": 6}))
    progress.take(ChunkStarted("flights", Chunk(6, 7)))
    clock.now = 2.0
    progress.take(ChunkFinished("flights", Chunk(6, 7), rows=10, seconds=2.0))
    model = progress.models["flights"]
    assert (model.present, model.left(clock.now)) == (7, 6.0)
    progress.take(ChunkFinished("flights", Chunk(7, 10), rows=10, seconds=2.0))
    assert model.is_over


def test_a_frame_shows_what_runs_first_and_fits_the_terminal() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.take(started(**{f"a_model_with_a_long_name_{n}": 100_000 for n in range(50)}))
    progress.take(ChunkStarted("a_model_with_a_long_name_44", Chunk(0, 1)))
    clock.now = 7.0
    progress.take(ChunkFinished("a_model_with_a_long_name_44", Chunk(0, 1), 123_456_789, 7.0))
    progress.take(ChunkStarted("a_model_with_a_long_name_44", Chunk(1, 2)))
    lines = frame(progress, 7.0, Look(terminal=True, width=80), rows=10)
    assert len(lines) == 11
    assert "1/100k" in lines[9]
    assert lines[10].startswith("40 more models; 1/5,000,000 partitions")
    assert max(map(len, lines)) <= 80


def test_draining_is_said_while_it_lasts() -> None:
    progress = Progress(Clock())
    progress.take(started(flights=3))
    assert "Ctrl-C" not in frame(progress, 0.0, Look(), rows=5)[-1]
    progress.take(Draining())
    assert "Ctrl-C once more gives it up" in frame(progress, 0.0, Look(), rows=5)[-1]


def test_bars_are_for_terminals_that_want_to_hear() -> None:
    terminal = Look(terminal=True, width=80)
    assert isinstance(progress_for(Output(err=terminal), Progress()), LiveProgress)
    assert isinstance(progress_for(Output(err=terminal, quiet=True), Progress()), LineProgress)
    assert isinstance(progress_for(Output(), Progress()), LineProgress)
