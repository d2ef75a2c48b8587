"""The ledger over an adapter: appends records, reads the latest. What they mean is `plan`'s.

*Latest* goes by `seq`, a number that rises with every record of the ledger. An append reads the
highest one in its own transaction and counts on from there, which needs no sequence object and no
clock. Two transactions at once may give out the same number, but never for the same partition: a
lease lets one run at a time write a table, and a run writes a partition once. The highest number is
the only thing read from the log before it is appended to, and only among the rows after those that
this ledger has seen, which the engine's block statistics find at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlbackfill.ledger.failures import standing_failures
from sqlbackfill.ledger.leases import Leases
from sqlbackfill.ledger.log_rows import COLUMNS, latest_records, latest_sql, to_row
from sqlbackfill.ledger.records import (
    Action,
    ChunkRecord,
    ChunkStatus,
    Failure,
    PartitionRecord,
    RunProgress,
    RunRecord,
    RunStatus,
)
from sqlbackfill.ledger.runs import Runs
from sqlbackfill.ledger.schema import (
    Place,
    check_version,
    migrate,
    read_version,
)
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

_MOST_ROWS = 1000
_MOST_NAMES = 500


class Ledger:
    """The ledger of one database, in `schema`. Reading one that is not there gives nothing.

    Threads may share it, each with its own session.
    """

    def __init__(
        self,
        adapter: Adapter,
        database: str,
        schema: str = "sqlbackfill",
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.place = Place(adapter, database, schema)
        self.leases = Leases(self.place, clock=clock)
        self._runs = Runs(self.place)
        self._clock = clock
        self._lock = threading.Lock()
        self._ready = False
        self._seen = 0
        self._floors: dict[str, int] = {}

    def exists(self, session: Session) -> bool:
        """Whether the ledger has been made. Raises WarehouseError LEDGER_TOO_NEW, LEDGER_TOO_OLD."""
        if not self._ready:
            version = read_version(session, self.place)
            if version == 0:
                return False
            check_version(version)
            self._ready = True
        return True

    def prepare(self, session: Session) -> None:
        """Makes the ledger, or migrates it forward; outside any transaction. Does nothing twice.

        Raises WarehouseError LEDGER_TOO_NEW, LEDGER_NOT_PERMITTED.
        """
        if not self._ready:
            migrate(session, self.place, self._clock)
            self._ready = True

    def latest(
        self,
        session: Session,
        relations: Sequence[Relation],
        *,
        ignoring_plan: str | None = None,
    ) -> dict[Relation, list[PartitionRecord]]:
        """The records that count, by relation, ordered by space and ordinal; one query for all.

        Per relation, space and key the latest, unless it is `forgotten`. Where records of another
        space were written later, those before them do not count: partitions cut otherwise have
        been written over them, and which ones cannot be told from here. With `ignoring_plan`, as if
        runs of that plan had not been. Relations without records are left out. Whether a record's
        identity is that of the table is the caller's to ask.
        """
        if not relations or not self.exists(session):
            return {}
        wanted, parameters = _named(relations)
        if ignoring_plan is not None:
            wanted += " AND plan_id <> ?"
            parameters.append(ignoring_plan)
        rows = session.execute(latest_sql(self.place, wanted), [*parameters, *parameters])
        return latest_records(rows, frozenset(relations))

    def append(self, session: Session, records: Sequence[PartitionRecord]) -> None:
        """Adds `records` within the caller's transaction; of two for one key the last one counts."""
        if not records:
            return
        first = self._take_numbers(session, len(records))
        table = self.place.relation("partition_log")
        for start in range(0, len(records), _MOST_ROWS):
            batch = records[start : start + _MOST_ROWS]
            rows = [to_row(first + start + i, record) for i, record in enumerate(batch)]
            session.insert(table, COLUMNS, rows)

    def confirm(self, session: Session, run_id: str, model: str, chunk: int) -> int:
        """How many partition records stand for a chunk: read it back after COMMIT."""
        found = session.execute(
            f"SELECT count(*) FROM {self.place.sql('partition_log')} "
            "WHERE seq > ? AND run_id = ? AND model = ? AND chunk = ?",
            (self._floors.get(run_id, 0), run_id, model, chunk),
        )
        return int(found[0][0])

    def committed(
        self, session: Session, plan_id: str
    ) -> Mapping[str, tuple[PartitionRecord, ...]]:
        """What runs of this plan built and nothing has written over since, by model."""
        if not self.exists(session):
            return {}
        touched = session.execute(
            "SELECT DISTINCT database_name, schema_name, table_name "
            f"FROM {self.place.sql('partition_log')} WHERE plan_id = ?",
            (plan_id,),
        )
        found: dict[str, list[PartitionRecord]] = {}
        for records in self.latest(session, [Relation(*row) for row in touched]).values():
            for record in records:
                if record.plan_id == plan_id and record.action is Action.BUILT:
                    found.setdefault(record.model, []).append(record)
        return {model: tuple(found[model]) for model in sorted(found)}

    def start_run(self, session: Session, run: RunRecord) -> None:
        """Records that a run has begun; in a transaction of the caller's, or in its own."""
        self._floors[run.run_id] = self._highest(session)
        self._runs.start(session, run)

    def finish_run(
        self, session: Session, run_id: str, status: RunStatus, finished_at: str
    ) -> None:
        """Records how a run ended, as a further row."""
        self._runs.finish(session, run_id, status, finished_at)

    def save_chunk(self, session: Session, record: ChunkRecord) -> None:
        """Records how an attempt ended: a done one in its chunk's transaction, others on their own."""
        failed = record.status is ChunkStatus.FAILED
        self._runs.save_chunk(session, record, self._highest(session) if failed else 0)

    def runs(self, session: Session, limit: int | None = None) -> list[RunRecord]:
        """The newest runs first, without their plans."""
        return self._runs.newest(session, limit) if self.exists(session) else []

    def run(self, session: Session, prefix: str) -> RunRecord:
        """The run whose id is or starts with `prefix`, with its plan.

        Raises UsageError RUN_UNKNOWN, RUN_AMBIGUOUS.
        """
        self.exists(session)
        return self._runs.find(session, prefix, made=self._ready)

    def newest_unfinished(self, session: Session) -> RunRecord | None:
        """The newest run that is not done and whose plan no later run finished; with its plan."""
        return self._runs.newest_unfinished(session) if self.exists(session) else None

    def progress(self, session: Session, run_ids: Sequence[str]) -> dict[str, RunProgress]:
        """What each run's chunks have come to; a run without any has an empty one."""
        if not run_ids or not self.exists(session):
            return {run_id: RunProgress() for run_id in run_ids}
        return self._runs.progress(session, run_ids)

    def failures(
        self, session: Session, relations: Sequence[Relation]
    ) -> dict[Relation, list[Failure]]:
        """Partitions whose last attempt failed and that no record has named since, as ranges."""
        if not relations or not self.exists(session):
            return {}
        asked = frozenset(relations)
        wanted, parameters = _named(relations)
        failed = [
            attempt
            for attempt in self._runs.failed_attempts(session, wanted, parameters)
            if attempt.relation in asked
        ]
        if not failed:
            return {}
        wanted, parameters = _named(attempt.relation for attempt in failed)
        rows = session.execute(
            "SELECT database_name, schema_name, table_name, key_space, ordinal, max(seq) "
            f"FROM {self.place.sql('partition_log')} WHERE seq > ? AND {wanted} "
            "GROUP BY database_name, schema_name, table_name, key_space, ordinal",
            [min(attempt.log_seq for attempt in failed), *parameters],
        )
        recorded: dict[tuple[Relation, str], list[tuple[int, int]]] = {}
        for *triple, space, ordinal, seq in rows:
            recorded.setdefault((Relation(*triple), space), []).append((ordinal, seq))
        return standing_failures(failed, recorded)

    def _take_numbers(self, session: Session, count: int) -> int:
        highest = self._highest(session)
        with self._lock:
            first = max(self._seen, highest) + 1
            self._seen = first + count - 1
        return first

    def _highest(self, session: Session) -> int:
        seen = self._seen
        found = session.execute(
            f"SELECT max(seq) FROM {self.place.sql('partition_log')} WHERE seq > ?", (seen,)
        )[0][0]
        return seen if found is None else int(found)


def _named(relations: Iterable[Relation]) -> tuple[str, list[object]]:
    """A condition that holds for all of `relations`, and for few others, with its parameters."""
    tables = sorted({relation.identifier for relation in relations})
    if len(tables) > _MOST_NAMES:
        return "1 = 1", []
    return f"table_name IN ({', '.join('?' * len(tables))})", list(tables)
