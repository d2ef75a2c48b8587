"""The ledger over an adapter: appends records, reads the latest. What they mean is `plan`'s.

*Latest* goes by `seq`, a number that rises with every record of a relation: the token of the lease
under which the record is written, and below it a count of this ledger's own. Nothing is read to
give it out, and it needs no sequence object and no clock. A lease lets one run at a time write a
table and its token is higher than all before it, so whatever an earlier owner still commits ranks
below what a later one writes. Records of two relations may bear the same number; they are never
compared. Where no lease is held here, an append reads the highest number in its own transaction and
counts on from there: then nobody else may be writing these relations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlbackfill.ledger.damage import readable
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

_COUNT_BITS = 32
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
        self._count = 0
        self._appended: dict[tuple[str, str], tuple[int, int, int]] = {}

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
        with readable(self.place, "partition_log"):
            return latest_records(rows, frozenset(relations))

    def append(self, session: Session, records: Sequence[PartitionRecord]) -> None:
        """Adds `records` within the caller's transaction; of two for one key the last one counts."""
        if not records:
            return
        numbers = self._take_numbers(session, records)
        table = self.place.relation("partition_log")
        rows = [to_row(seq, record) for seq, record in zip(numbers, records, strict=True)]
        for start in range(0, len(rows), _MOST_ROWS):
            session.insert(table, COLUMNS, rows[start : start + _MOST_ROWS])
        last = records[-1]
        self._appended[last.run_id, last.model] = (last.chunk, min(numbers), max(numbers))

    def confirm(self, session: Session, run_id: str, model: str, chunk: int) -> int:
        """How many partition records stand for a chunk: read it back after COMMIT.

        Of a chunk that this ledger appended last only that append is looked for, by its numbers.
        """
        parameters: tuple[object, ...]
        number, first, last = self._appended.get((run_id, model), (None, 0, 0))
        if number == chunk:
            wanted, parameters = "seq BETWEEN ? AND ? AND run_id = ?", (first, last, run_id)
        else:
            wanted, parameters = "run_id = ? AND model = ? AND chunk = ?", (run_id, model, chunk)
        log = self.place.sql("partition_log")
        found = session.execute(f"SELECT count(*) FROM {log} WHERE {wanted}", parameters)
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
        self._runs.start(session, run)

    def finish_run(
        self, session: Session, run_id: str, status: RunStatus, finished_at: str
    ) -> None:
        """Records how a run ended, as a further row."""
        self._runs.finish(session, run_id, status, finished_at)

    def save_chunk(self, session: Session, record: ChunkRecord) -> None:
        """Records that a chunk was not built; of one that was, the partition records tell."""
        failed = record.status is ChunkStatus.FAILED
        newest = self._newest(session, record.relation) if failed else 0
        self._runs.save_chunk(session, record, newest)

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

    def _take_numbers(self, session: Session, records: Sequence[PartitionRecord]) -> list[int]:
        tokens = [self.leases.token(record.relation) for record in records]
        highest = self._highest(session) if None in tokens else 0
        with self._lock:
            above = max(self._seen, highest) + 1
            first, self._count = self._count + 1, self._count + len(records)
            numbers = [
                above + at if token is None else (token << _COUNT_BITS) + first + at
                for at, token in enumerate(tokens)
            ]
            self._seen = max(self._seen, *numbers)
        return numbers

    def _newest(self, session: Session, relation: Relation) -> int:
        """A number that no record of `relation` exceeds by now, and every later one will."""
        token = self.leases.token(relation)
        return self._highest(session) if token is None else (token << _COUNT_BITS) + self._count

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
