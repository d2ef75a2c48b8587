"""The ledger's rows about runs and their chunks: append-only, the latest row of each is the truth."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from sqlbackfill.errors import Diagnostic, UsageError
from sqlbackfill.ledger.damage import readable
from sqlbackfill.ledger.failures import FailedAttempt
from sqlbackfill.ledger.records import (
    NO_COSTS,
    Action,
    ChunkRecord,
    ChunkStatus,
    Failure,
    RunCosts,
    RunProgress,
    RunRecord,
    RunStatus,
)
from sqlbackfill.ledger.schema import RELATION_COLUMNS, RUN, RUN_CHUNK, WITHOUT_COSTS, Place, names
from sqlbackfill.partitions.partition_set import OrdinalRange
from sqlbackfill.warehouse.protocol import Relation, Session

_RUN_COLUMNS = names(RUN)
_CHUNK_COLUMNS = names(RUN_CHUNK)
_COSTS = _RUN_COLUMNS[WITHOUT_COSTS:]
_LISTED = (
    "run_id, plan_id, CAST(NULL AS VARCHAR) AS plan_json, status, started_at, finished_at, pid, "
    f"process_started, host, tool_version, command, partitions, {', '.join(_COSTS)}"
)
_MOST_MESSAGE = 4000
_MOST_NUMBERS = 500


class Runs:
    """Reads and appends `run` and `run_chunk`; the ledger must have been made."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def start(self, session: Session, run: RunRecord) -> None:
        row = (
            self._next_number(session, "run"),
            run.run_id,
            run.plan_id,
            run.plan_json,
            run.status.value,
            run.started_at,
            run.finished_at,
            run.pid,
            float(run.process_started),
            run.host,
            run.version,
            run.command,
            run.partitions,
            *(getattr(run.costs, name) for name in _COSTS),
        )
        session.insert(self._place.relation("run"), _RUN_COLUMNS, [row])

    def finish(
        self,
        session: Session,
        run_id: str,
        status: RunStatus,
        finished_at: str,
        costs: RunCosts = NO_COSTS,
    ) -> None:
        """Of `costs` what the run came to is taken; what was estimated stands since its start."""
        table = self._place.sql("run")
        session.execute_count(
            f"INSERT INTO {table} ({', '.join(_RUN_COLUMNS)}) "
            "SELECT ?, run_id, plan_id, NULL, ?, started_at, ?, pid, process_started, host, "
            f"tool_version, command, partitions, {', '.join(_COSTS[:-2])}, "
            f"CAST(? AS DOUBLE), CAST(? AS DOUBLE) FROM {table} "
            f"WHERE run_id = ? AND seq = (SELECT min(seq) FROM {table} WHERE run_id = ?)",
            (
                self._next_number(session, "run"),
                status.value,
                finished_at,
                costs.seconds,
                costs.cost_usd,
                run_id,
                run_id,
            ),
        )

    def newest(self, session: Session, limit: int | None) -> list[RunRecord]:
        bound = "" if limit is None else f" LIMIT {int(limit)}"
        rows = session.execute(
            f"SELECT {_LISTED} FROM {self._latest()} ORDER BY started_at DESC, seq DESC{bound}"
        )
        with readable(self._place, "run"):
            return [_run(row) for row in rows]

    def find(self, session: Session, prefix: str, *, made: bool) -> RunRecord:
        known = self.newest(session, None) if made else []
        exact = [run for run in known if run.run_id == prefix]
        matches = exact or [run for run in known if prefix and run.run_id.startswith(prefix)]
        if len(matches) == 1:
            return self._with_plan(session, matches[0])
        if matches:
            raise UsageError(_ambiguous(prefix, matches))
        raise UsageError(_unknown(prefix, [run.run_id for run in known]))

    def newest_unfinished(self, session: Session) -> RunRecord | None:
        finished: set[str] = set()
        for run in self.newest(session, None):
            if run.status is RunStatus.DONE:
                finished.add(run.plan_id)
            elif run.plan_id not in finished:
                return self._with_plan(session, run)
        return None

    def save_chunk(self, session: Session, record: ChunkRecord, log_seq: int) -> None:
        relation = record.relation
        message = record.message
        row = (
            self._next_number(session, "run_chunk"),
            log_seq,
            record.run_id,
            record.model,
            relation.database,
            relation.schema,
            relation.identifier,
            record.chunk,
            record.space,
            record.start,
            record.end,
            record.start_key,
            record.end_key,
            record.status.value,
            record.code,
            message[:_MOST_MESSAGE] if message is not None else None,
            record.rows,
            float(record.seconds),
            record.finished_at,
        )
        session.insert(self._place.relation("run_chunk"), _CHUNK_COLUMNS, [row])

    def progress(self, session: Session, run_ids: Sequence[str]) -> dict[str, RunProgress]:
        """What was built by the partition records, and what was not by the rows of run_chunk.

        A chunk that has records was built, whatever a lost answer to its COMMIT made of it.
        """
        marks = ", ".join("?" * len(run_ids))
        log, chunks = self._place.sql("partition_log"), self._place.sql("run_chunk")
        rows = session.execute(
            "SELECT run_id, model, ?, sum(end_ordinal - start_ordinal), sum(row_count) "
            f"FROM {log} "
            f"WHERE run_id IN ({marks}) AND action <> ? GROUP BY run_id, model UNION ALL "
            "SELECT run_id, model, status, sum(end_ordinal - start_ordinal), 0 FROM ("
            "SELECT run_id, model, chunk, status, start_ordinal, end_ordinal, row_number() OVER "
            "(PARTITION BY run_id, model, chunk ORDER BY seq DESC) AS nth "
            f"FROM {chunks} WHERE run_id IN ({marks}) AND status <> ?) AS ranked "
            f"WHERE nth = 1 AND NOT EXISTS (SELECT 1 FROM {log} AS built WHERE "
            "built.run_id = ranked.run_id AND built.model = ranked.model "
            "AND built.chunk = ranked.chunk) "
            "GROUP BY run_id, model, status",
            (
                ChunkStatus.DONE.value,
                *run_ids,
                Action.FORGOTTEN.value,
                *run_ids,
                ChunkStatus.DONE.value,
            ),
        )
        with readable(self._place, "run_chunk"):
            return {run_id: _progress([r for r in rows if r[0] == run_id]) for run_id in run_ids}

    def failed_attempts(
        self, session: Session, wanted: str, parameters: Sequence[object]
    ) -> list[FailedAttempt]:
        """The failed attempts among the rows of run_chunk for which the condition `wanted` holds.

        Those are left out of whose partitions all were recorded by one newer record.
        """
        rows = session.execute(
            "SELECT database_name, schema_name, table_name, key_space, start_ordinal, end_ordinal, "
            "code, message, run_id, finished_at, seq, log_seq "
            f"FROM {self._place.sql('run_chunk')} AS tried WHERE status = ? AND {wanted} "
            f"AND NOT EXISTS (SELECT 1 FROM {self._newer} AND built.start_ordinal <= "
            "tried.start_ordinal AND built.end_ordinal >= tried.end_ordinal)",
            (ChunkStatus.FAILED.value, *parameters),
        )
        return [
            FailedAttempt(
                relation=Relation(*row[:3]),
                failure=Failure(
                    space=row[3],
                    start=row[4],
                    end=row[5],
                    code=row[6] or "",
                    message=row[7] or "",
                    run_id=row[8],
                    finished_at=row[9],
                ),
                seq=row[10],
                log_seq=row[11],
            )
            for row in rows
        ]

    def mended(
        self, session: Session, attempts: Sequence[FailedAttempt]
    ) -> dict[int, list[OrdinalRange]]:
        """The partitions that newer records name, by the number of the attempt at them."""
        found: dict[int, list[OrdinalRange]] = {}
        for start in range(0, len(attempts), _MOST_NUMBERS):
            numbers = [attempt.seq for attempt in attempts[start : start + _MOST_NUMBERS]]
            rows = session.execute(
                "SELECT DISTINCT tried.seq, built.start_ordinal, built.end_ordinal "
                f"FROM {self._place.sql('run_chunk')} AS tried, {self._newer} "
                "AND built.start_ordinal < tried.end_ordinal "
                "AND built.end_ordinal > tried.start_ordinal "
                f"AND tried.seq IN ({', '.join('?' * len(numbers))})",
                numbers,
            )
            for seq, first, end in rows:
                found.setdefault(seq, []).append((first, end))
        return found

    @property
    def _newer(self) -> str:
        """The records newer than an attempt at the same table; a condition may follow."""
        return f"{self._place.sql('partition_log')} AS built WHERE built.seq > tried.log_seq " + (
            " ".join(
                f"AND built.{name} = tried.{name}" for name in (*RELATION_COLUMNS, "key_space")
            )
        )

    def _latest(self) -> str:
        return (
            "(SELECT *, row_number() OVER (PARTITION BY run_id ORDER BY seq DESC) AS nth "
            f"FROM {self._place.sql('run')}) AS ranked WHERE nth = 1"
        )

    def _with_plan(self, session: Session, run: RunRecord) -> RunRecord:
        rows = session.execute(
            f"SELECT plan_json FROM {self._place.sql('run')} "
            "WHERE run_id = ? AND plan_json IS NOT NULL ORDER BY seq LIMIT 1",
            (run.run_id,),
        )
        return RunRecord(
            run_id=run.run_id,
            plan_id=run.plan_id,
            plan_json=rows[0][0] if rows else None,
            status=run.status,
            started_at=run.started_at,
            finished_at=run.finished_at,
            pid=run.pid,
            process_started=run.process_started,
            host=run.host,
            version=run.version,
            command=run.command,
            partitions=run.partitions,
            costs=run.costs,
        )

    def _next_number(self, session: Session, table: str) -> int:
        found = session.execute(f"SELECT max(seq) FROM {self._place.sql(table)}")[0][0]
        return int(found or 0) + 1


def _run(row: tuple[Any, ...]) -> RunRecord:
    return RunRecord(
        run_id=row[0],
        plan_id=row[1],
        plan_json=row[2],
        status=RunStatus(row[3]),
        started_at=row[4],
        finished_at=row[5],
        pid=row[6],
        process_started=row[7],
        host=row[8],
        version=row[9],
        command=row[10],
        partitions=row[11],
        costs=RunCosts(**dict(zip(_COSTS, row[12:], strict=True))),
    )


def _progress(rows: Sequence[tuple[Any, ...]]) -> RunProgress:
    partitions = dict.fromkeys(ChunkStatus, 0)
    for _run_id, _model, status, count, _rows in rows:
        partitions[ChunkStatus(status)] += int(count)
    return RunProgress(
        models=tuple(sorted({row[1] for row in rows})),
        partitions_done=partitions[ChunkStatus.DONE],
        partitions_failed=partitions[ChunkStatus.FAILED],
        partitions_blocked=partitions[ChunkStatus.BLOCKED],
        rows=sum(int(row[4] or 0) for row in rows if row[2] == ChunkStatus.DONE.value),
    )


def _ambiguous(prefix: str, matches: Sequence[RunRecord]) -> Diagnostic:
    return Diagnostic(
        code="RUN_AMBIGUOUS",
        message=f"{len(matches)} runs begin with `{prefix}`: "
        + ", ".join(run.run_id for run in matches[:5]),
        fix="give more of the run's id",
    )


def _unknown(prefix: str, known: Sequence[str]) -> Diagnostic:
    near = get_close_matches(prefix, known, n=1, cutoff=0.6)
    return Diagnostic(
        code="RUN_UNKNOWN",
        message=f"no run begins with `{prefix}`",
        fix=f"did you mean {near[0]}?" if near else "list the runs: sqlbackfill runs",
    )
