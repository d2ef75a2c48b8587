"""The ledger's runs and failed chunks on every adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sqlbackfill.errors import UsageError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import (
    Action,
    BuildDetails,
    ChunkStatus,
    Island,
    RunCosts,
    RunProgress,
    RunStatus,
)
from sqlbackfill.warehouse.protocol import Relation, Session
from tests.contract.ledger_values import RUN, chunk, ranges

Make = Callable[..., tuple[Island, BuildDetails]]


def test_a_run_is_running_until_it_is_finished(ledger: Ledger, session: Session) -> None:
    ledger.start_run(session, RUN)
    assert ledger.run(session, "run-1") == RUN
    ledger.finish_run(session, "run-1", RunStatus.FAILED, "2024-05-01T12:30:00+00:00")
    ended = replace(RUN, status=RunStatus.FAILED, finished_at="2024-05-01T12:30:00+00:00")
    assert ledger.run(session, "run-1") == ended
    assert ledger.runs(session) == [replace(ended, plan_json=None)]
    ledger.finish_run(session, "run-1", RunStatus.DONE, "2024-05-01T12:40:00+00:00")
    assert ledger.run(session, "run-1").status is RunStatus.DONE
    assert ledger.run(session, "run-1").plan_json == RUN.plan_json


def test_what_a_run_was_estimated_to_cost_stands_beside_what_it_came_to(
    ledger: Ledger, session: Session
) -> None:
    foretold = RunCosts(
        estimated_seconds=10.0,
        estimated_seconds_high=20.0,
        estimated_bytes=1 << 40,
        estimated_cost_usd=0.5,
        estimated_cost_usd_high=1.0,
    )
    ledger.start_run(session, replace(RUN, costs=foretold))
    assert ledger.run(session, "run-1").costs == foretold
    came_to = RunCosts(seconds=12.5, cost_usd=0.75)
    ledger.finish_run(session, "run-1", RunStatus.DONE, "2024-05-01T12:30:00+00:00", came_to)
    expected = replace(foretold, seconds=12.5, cost_usd=0.75)
    assert ledger.run(session, "run-1").costs == expected
    assert [run.costs for run in ledger.runs(session)] == [expected]


def test_runs_are_listed_newest_first(ledger: Ledger, session: Session) -> None:
    for day in (2, 3, 1):
        started = f"2024-05-0{day}T12:00:00+00:00"
        ledger.start_run(session, replace(RUN, run_id=f"run-{day}", started_at=started))
    assert [run.run_id for run in ledger.runs(session)] == ["run-3", "run-2", "run-1"]
    assert [run.run_id for run in ledger.runs(session, 2)] == ["run-3", "run-2"]


def test_a_run_is_found_by_the_beginning_of_its_id(ledger: Ledger, session: Session) -> None:
    for run_id in ("2024a", "2024b", "2024"):
        ledger.start_run(session, replace(RUN, run_id=run_id))
    assert ledger.run(session, "2024").run_id == "2024"
    assert ledger.run(session, "2024b").run_id == "2024b"
    with pytest.raises(UsageError) as ambiguous:
        ledger.run(session, "202")
    assert ambiguous.value.diagnostics[0].code == "RUN_AMBIGUOUS"
    for wrong in ("2025", ""):
        with pytest.raises(UsageError) as unknown:
            ledger.run(session, wrong)
        assert unknown.value.diagnostics[0].code in {"RUN_UNKNOWN", "RUN_AMBIGUOUS"}


def test_the_newest_unfinished_run_is_one_whose_plan_no_later_run_finished(
    ledger: Ledger, session: Session
) -> None:
    def ran(day: int, plan: str, status: RunStatus) -> None:
        started = f"2024-05-0{day}T12:00:00+00:00"
        run = replace(RUN, run_id=f"run-{day}", plan_id=plan, started_at=started)
        ledger.start_run(session, run)
        if status is not RunStatus.RUNNING:
            ledger.finish_run(session, run.run_id, status, started)

    def newest() -> str | None:
        run = ledger.newest_unfinished(session)
        return None if run is None else run.run_id

    ran(1, "a", RunStatus.DONE)
    assert newest() is None
    ran(2, "b", RunStatus.FAILED)
    assert newest() == "run-2"
    ran(3, "c", RunStatus.INTERRUPTED)
    assert newest() == "run-3"
    ran(4, "c", RunStatus.DONE)
    assert newest() == "run-2"
    ran(5, "d", RunStatus.RUNNING)
    assert newest() == "run-5"
    run = ledger.newest_unfinished(session)
    assert run is not None
    assert run.plan_json == RUN.plan_json


def test_progress_counts_what_was_built_by_records_and_the_rest_by_the_last_attempt(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(0, end=10, chunk=0, rows=100)])
    ledger.append(session, [record(o, chunk=10, rows=10) for o in range(10, 15)])
    ledger.append(session, [record(99, chunk=10, action=Action.FORGOTTEN)])
    ledger.append(session, [record(0, chunk=0, run_id="run-2", model="daily", rows=1)])
    for each in (
        chunk(relation, 0, 10),
        chunk(relation, 15, 17, status=ChunkStatus.BLOCKED),
        chunk(relation, 15, 17, rows=7),
        chunk(relation, 17, 20, status=ChunkStatus.BLOCKED),
    ):
        ledger.save_chunk(session, each)
    assert ledger.progress(session, ["run-1", "run-2", "run-3"]) == {
        "run-1": RunProgress(
            models=("orders",),
            partitions_done=15,
            partitions_failed=2,
            partitions_blocked=3,
            rows=150,
        ),
        "run-2": RunProgress(models=("daily",), partitions_done=1, rows=1),
        "run-3": RunProgress(),
    }


def test_a_failed_chunk_stands_until_records_cover_it(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(4, end=8)])
    ledger.save_chunk(session, chunk(relation, 0, 10))
    assert ranges(ledger, session, relation) == [(0, 10, "no such column")]
    ledger.append(session, [record(3), record(4, action=Action.ADOPTED)])
    assert ranges(ledger, session, relation) == [
        (0, 3, "no such column"),
        (5, 10, "no such column"),
    ]
    ledger.append(session, [record(0, end=10, space="month:UTC")])
    assert len(ranges(ledger, session, relation)) == 2
    ledger.append(session, [record(0, end=20)])
    assert ledger.failures(session, [relation]) == {}


def test_a_later_failure_hides_an_earlier_one_of_the_same_partitions(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 10, message="first"))
    ledger.save_chunk(session, chunk(relation, 5, 12, message="second", run_id="run-2"))
    assert ranges(ledger, session, relation) == [(0, 5, "first"), (5, 12, "second")]
    ledger.append(session, [record(6)])
    assert ranges(ledger, session, relation) == [
        (0, 5, "first"),
        (5, 6, "second"),
        (7, 12, "second"),
    ]


def test_a_record_from_before_a_failure_does_not_mend_it(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 3, message="first"))
    ledger.append(session, [record(1)])
    ledger.save_chunk(session, chunk(relation, 1, 2, message="second", run_id="run-2"))
    assert ranges(ledger, session, relation) == [(0, 1, "first"), (1, 2, "second"), (2, 3, "first")]


def test_blocked_chunks_have_not_failed(
    ledger: Ledger, session: Session, relation: Relation
) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 10, status=ChunkStatus.BLOCKED))
    assert ledger.failures(session, [relation]) == {}


def test_failures_of_other_relations_are_left_out(
    ledger: Ledger, session: Session, relation: Relation
) -> None:
    ledger.save_chunk(session, chunk(replace(relation, schema="dev"), 0, 10))
    assert ledger.failures(session, [relation]) == {}


def test_a_very_long_message_is_cut(ledger: Ledger, session: Session, relation: Relation) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 1, message="x" * 100_000))
    assert 1000 < len(ranges(ledger, session, relation)[0][2]) < 10_000
