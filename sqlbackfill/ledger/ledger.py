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

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.checkpoints import Checkpoints
from sqlbackfill.ledger.codes import Codes
from sqlbackfill.ledger.damage import readable
from sqlbackfill.ledger.failures import standing_failures
from sqlbackfill.ledger.history import Digests
from sqlbackfill.ledger.islands import RelationLog, standing
from sqlbackfill.ledger.leases import OF_RELATION, Leases, key_of
from sqlbackfill.ledger.log_rows import (
    COLUMNS,
    DETAIL_COLUMNS,
    ISLAND_COLUMNS,
    read_details,
    read_digests,
    read_islands,
    to_row,
)
from sqlbackfill.ledger.numbers import Numbers
from sqlbackfill.ledger.records import (
    NO_COSTS,
    Action,
    BuildDetails,
    ChunkRecord,
    ChunkStatus,
    Failure,
    Island,
    RunCosts,
    RunProgress,
    RunRecord,
    RunStatus,
)
from sqlbackfill.ledger.runs import Runs
from sqlbackfill.ledger.schema import (
    RELATION_COLUMNS,
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
        self.codes = Codes(self.place)
        self._runs = Runs(self.place)
        self._checkpoints = Checkpoints(self.place)
        self._clock = clock
        self._numbers = Numbers(self.place)
        self._ready = False
        self._without: Session | None = None
        self._appended: dict[tuple[str, str], tuple[int, int, int]] = {}

    def exists(self, session: Session) -> bool:
        """Whether the ledger has been made; a session that saw none is not asked again.

        Raises WarehouseError LEDGER_TOO_NEW, LEDGER_TOO_OLD.
        """
        if self._ready or session is self._without:
            return self._ready
        version = read_version(session, self.place)
        if version == 0:
            self._without = session
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
            self._ready, self._without = True, None

    def logs(self, session: Session, relations: Sequence[Relation]) -> dict[Relation, RelationLog]:
        """What stands of each relation's log: its newest checkpoint, and what came after it.

        Relations without records are left out. Whether a record's identity is that of the table is
        the caller's to ask.
        """
        if not relations or not self.exists(session):
            return {}
        asked = frozenset(relations)
        wanted, parameters = _named(relations)
        before = self._checkpoints.newest(session, wanted, parameters)
        found: dict[Relation, list[Island]] = {relation: [] for relation in before}
        for some, rows in self._newer_rows(session, asked, before):
            with readable(self.place, "partition_log"):
                for island in read_islands(rows, some):
                    found.setdefault(island.relation, []).append(island)
        return {
            relation: standing(islands, before.get(relation))
            for relation, islands in found.items()
            if relation in asked
        }

    def _newer_rows(
        self, session: Session, asked: frozenset[Relation], before: Mapping[Relation, RelationLog]
    ) -> Iterator[tuple[frozenset[Relation], list[tuple[Any, ...]]]]:
        """Rows of the records that `before` does not cover: of who is in it, then of the others.

        There may be rows of further relations among them.
        """
        rows = self._checkpoints.newer_rows
        kept = asked & before.keys()
        if kept:
            oldest = min(before[relation].high_water for relation in kept)
            yield kept, session.execute(*rows(ISLAND_COLUMNS, *_named(kept), oldest))
        bare = asked - kept
        if bare:
            yield bare, session.execute(*rows(ISLAND_COLUMNS, *_named(bare), None))

    def relations(self, session: Session, *, without: Iterable[Relation]) -> list[Relation]:
        """Every table that may have records, in order, `without` left out.

        Whoever writes a record holds a lease, whose row stays: there are as many as tables, where
        the log may have millions.
        """
        if not self.exists(session):
            return []
        names = ", ".join(RELATION_COLUMNS)
        rows = session.execute(
            f"SELECT DISTINCT {names} FROM {self.place.sql('lease')} WHERE table_name <> ''"
        )
        return sorted({Relation(*row) for row in rows} - set(without))

    def high_waters(self, session: Session, relations: Iterable[Relation]) -> dict[Relation, int]:
        """The highest number of any record of each relation; those without records left out."""
        asked = frozenset(relations)
        if not asked or not self.exists(session):
            return {}
        wanted, parameters = _named(asked)
        names = ", ".join(RELATION_COLUMNS)
        rows = session.execute(
            f"SELECT {names}, max(seq) FROM {self._log} WHERE {wanted} GROUP BY {names}", parameters
        )
        found = {Relation(*row[:3]): int(row[3]) for row in rows}
        return {each: found[each] for each in asked if each in found}

    def changed_since(
        self,
        session: Session,
        marks: Mapping[Relation, int],
        *,
        ignoring_plan: str | None = None,
    ) -> dict[Relation, list[Island]]:
        """The records of each relation whose number is above that in `marks`, in ascending order.

        With `ignoring_plan`, those that runs of that plan wrote are left out.
        """
        if not marks or not self.exists(session):
            return {}
        wanted, parameters = _named(marks)
        rows = session.execute(
            f"SELECT {ISLAND_COLUMNS} FROM {self._log} WHERE seq > ? AND plan_id <> ? AND {wanted} "
            "ORDER BY seq",
            [min(marks.values()), ignoring_plan or "", *parameters],
        )
        found: dict[Relation, list[Island]] = {}
        with readable(self.place, "partition_log"):
            for island in read_islands(rows, frozenset(marks)):
                if island.seq > marks[island.relation]:
                    found.setdefault(island.relation, []).append(island)
        return found

    def history(
        self, session: Session, relation: Relation, within: tuple[str, int, int] | None = None
    ) -> tuple[list[Island], dict[int, Digests]]:
        """Every record of one relation, ascending, and the digests of its partitions by number.

        With `within`, a space and two ordinals, only those that overlap the ordinals from the first
        up to the second; and all of other spaces.
        """
        if not self.exists(session):
            return [], {}
        query = f"SELECT digests, {ISLAND_COLUMNS} FROM {self._log} WHERE {OF_RELATION}"
        key = key_of(relation)
        if within is None:
            rows = session.execute(query, key)
        else:
            space, start, end = within
            overlap = "AND key_space = ? AND start_ordinal < ? AND end_ordinal > ?"
            rows = session.execute(f"{query} {overlap}", (*key, space, end, start))
            rows += session.execute(f"{query} AND key_space <> ?", (*key, space))
        with readable(self.place, "partition_log"):
            islands = sorted(read_islands(row[1:] for row in rows), key=lambda each: each.seq)
            digests: dict[int, Digests] = {row[1]: read_digests(row[0]) for row in rows if row[0]}
        return islands, digests

    def details(
        self, session: Session, relation: Relation, numbers: Iterable[int]
    ) -> dict[int, BuildDetails]:
        """What is kept beside the records of `relation` with these numbers, for whole islands."""
        wanted = sorted(set(numbers))
        found: dict[int, BuildDetails] = {}
        for start in range(0, len(wanted), _MOST_NAMES):
            some = wanted[start : start + _MOST_NAMES]
            rows = session.execute(
                f"SELECT {DETAIL_COLUMNS} FROM {self._log} WHERE {OF_RELATION} "
                f"AND seq IN ({', '.join('?' * len(some))})",
                (*key_of(relation), *some),
            )
            with readable(self.place, "partition_log"):
                found.update(read_details(row) for row in rows)
        return found

    def append(
        self, session: Session, records: Sequence[tuple[Island, BuildDetails]]
    ) -> tuple[Island, ...]:
        """Adds `records` within the caller's transaction, and returns them with their numbers.

        Of two for one partition the last one counts.
        """
        if not records:
            return ()
        numbers = self._numbers.take(
            session, [self.leases.token(island.relation) for island, _ in records]
        )
        table = self.place.relation("partition_log")
        islands = tuple(
            replace(island, seq=seq) for seq, (island, _) in zip(numbers, records, strict=True)
        )
        rows = [
            to_row(island, details) for island, (_, details) in zip(islands, records, strict=True)
        ]
        for start in range(0, len(rows), _MOST_ROWS):
            session.insert(table, COLUMNS, rows[start : start + _MOST_ROWS])
        last = islands[-1]
        self._appended[last.run_id, last.model] = (last.chunk, min(numbers), max(numbers))
        return islands

    def confirm(self, session: Session, run_id: str, model: str, chunk: int) -> int:
        """Of how many partitions records stand for a chunk: read it back after COMMIT.

        Of a chunk that this ledger appended last only that append is looked for, by its numbers.
        """
        parameters: tuple[object, ...]
        number, first, last = self._appended.get((run_id, model), (None, 0, 0))
        if number == chunk:
            wanted = "seq BETWEEN ? AND ? AND run_id = ? AND model = ?"
            parameters = (first, last, run_id, model)
        else:
            wanted, parameters = "run_id = ? AND model = ? AND chunk = ?", (run_id, model, chunk)
        found = session.execute(
            f"SELECT start_ordinal, end_ordinal FROM {self._log} WHERE {wanted}", parameters
        )
        # Added up here: an aggregate takes the engine twice as long for the usual single row.
        return sum(int(end) - int(start) for start, end in found)

    def committed(self, session: Session, plan_id: str) -> Mapping[str, tuple[Island, ...]]:
        """What runs of this plan built and nothing has written over since, by model."""
        if not self.exists(session):
            return {}
        touched = session.execute(
            f"SELECT {', '.join(RELATION_COLUMNS)}, min(seq) FROM {self._log} WHERE plan_id = ? "
            f"GROUP BY {', '.join(RELATION_COLUMNS)}",
            (plan_id,),
        )
        marks = {Relation(*names): int(seq) - 1 for *names, seq in touched}
        found: dict[str, list[Island]] = {}
        for records in self.changed_since(session, marks).values():
            for island in standing(records).counting:
                if island.plan_id == plan_id and island.action is Action.BUILT:
                    found.setdefault(island.model, []).append(island)
        return {model: tuple(found[model]) for model in sorted(found)}

    def uncovered(self, session: Session, relations: Sequence[Relation]) -> dict[Relation, int]:
        """How many records of each relation no checkpoint covers; those without any left out."""
        if not relations or not self.exists(session):
            return {}
        wanted, parameters = _named(relations)
        found = session.execute(*self._checkpoints.counted(wanted, parameters))
        counted = {Relation(*names): int(count) for *names, count in found}
        return {each: counted[each] for each in relations if each in counted}

    def save_checkpoint(
        self, session: Session, relation: Relation, log: RelationLog, written_at: str
    ) -> None:
        """Keeps `log`, what stands of all of a relation's records, so that they need not be read."""
        self._checkpoints.save(session, relation, log, written_at)

    def start_run(self, session: Session, run: RunRecord) -> None:
        """Records that a run has begun; in a transaction of the caller's, or in its own."""
        self._runs.start(session, run)

    def finish_run(
        self, session: Session, run_id: str, status: RunStatus, at: str, costs: RunCosts = NO_COSTS
    ) -> None:
        """Records how a run ended, and what it came to, as a further row."""
        self._runs.finish(session, run_id, status, at, costs)

    def save_chunk(self, session: Session, record: ChunkRecord) -> None:
        """Records that a chunk was not built; of one that was, the partition records tell."""
        failed = record.status is ChunkStatus.FAILED
        newest = self._numbers.newest(session, self.leases.token(record.relation)) if failed else 0
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
        return standing_failures(failed, self._runs.mended(session, failed))

    @property
    def _log(self) -> str:
        return self.place.sql("partition_log")


def _named(relations: Iterable[Relation]) -> tuple[str, list[object]]:
    """A condition that holds for all of `relations`, and for few others, with its parameters."""
    tables = sorted({relation.identifier for relation in relations})
    if len(tables) > _MOST_NAMES:
        return "1 = 1", []
    return f"table_name IN ({', '.join('?' * len(tables))})", list(tables)
