"""Runs and failed chunks as values, for the tests of the ledger."""

from __future__ import annotations

from dataclasses import replace

from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import (
    ChunkRecord,
    ChunkStatus,
    RunRecord,
    RunStatus,
)
from sqlbackfill.warehouse.protocol import Relation, Session

RUN = RunRecord(
    run_id="run-1",
    plan_id="plan-1",
    plan_json='{"steps": []}',
    status=RunStatus.RUNNING,
    started_at="2024-05-01T12:00:00+00:00",
    pid=77,
    process_started=1714564800.5,
    host="here",
    version="0.1.0",
    command="sqlbackfill run -p 2024",
    partitions=31,
)


def chunk(relation: Relation, start: int, end: int, **changes: object) -> ChunkRecord:
    plain = ChunkRecord(
        run_id="run-1",
        model="orders",
        relation=relation,
        chunk=start,
        space="day:UTC",
        start=start,
        end=end,
        start_key=str(start),
        end_key=str(end),
        status=ChunkStatus.FAILED,
        code="QUERY_FAILED",
        message="no such column",
        finished_at="2024-05-01T12:00:00+00:00",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def ranges(ledger: Ledger, session: Session, relation: Relation) -> list[tuple[int, int, str]]:
    found = ledger.failures(session, [relation]).get(relation, [])
    return [(failure.start, failure.end, failure.message) for failure in found]
