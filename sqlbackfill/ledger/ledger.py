"""The ledger over an adapter: appends records, reads the latest. What they mean is `plan`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlbackfill.ledger.records import (
    ChunkRecord,
    Failure,
    PartitionRecord,
    RunProgress,
    RunRecord,
    RunStatus,
)
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session


class Ledger:
    """The ledger of one database."""

    def __init__(self, adapter: Adapter, database: str, schema: str = "sqlbackfill") -> None:
        self.adapter = adapter
        self.database = database
        self.schema = schema

    def exists(self, session: Session) -> bool:
        """Whether the ledger has been made in this database."""
        raise NotImplementedError

    def prepare(self, session: Session) -> None:
        """Makes or migrates the ledger's schema and tables; outside any transaction."""
        raise NotImplementedError

    def latest(
        self,
        session: Session,
        relations: Sequence[Relation],
        *,
        ignoring_plan: str | None = None,
    ) -> dict[Relation, list[PartitionRecord]]:
        """The records that count, by relation, ordered by space and ordinal."""
        raise NotImplementedError

    def append(self, session: Session, records: Sequence[PartitionRecord]) -> None:
        """Adds `records` within the caller's transaction."""
        raise NotImplementedError

    def confirm(self, session: Session, run_id: str, model: str, chunk: int) -> int:
        """How many partition records stand for a chunk; read it back after COMMIT."""
        raise NotImplementedError

    def committed(self, session: Session, plan_id: str) -> Mapping[str, Sequence[PartitionRecord]]:
        """What runs of this plan built, by model."""
        raise NotImplementedError

    def start_run(self, session: Session, run: RunRecord) -> None:
        raise NotImplementedError

    def finish_run(
        self, session: Session, run_id: str, status: RunStatus, finished_at: str
    ) -> None:
        raise NotImplementedError

    def save_chunk(self, session: Session, record: ChunkRecord) -> None:
        raise NotImplementedError

    def runs(self, session: Session, limit: int | None = None) -> list[RunRecord]:
        """The newest runs first, without their plans."""
        raise NotImplementedError

    def run(self, session: Session, prefix: str) -> RunRecord:
        """The run whose id starts with `prefix`, with its plan."""
        raise NotImplementedError

    def newest_unfinished(self, session: Session) -> RunRecord | None:
        """The newest run that is neither done nor superseded, with its plan."""
        raise NotImplementedError

    def progress(self, session: Session, run_ids: Sequence[str]) -> dict[str, RunProgress]:
        """What each run's chunks have come to."""
        raise NotImplementedError

    def failures(
        self, session: Session, relations: Sequence[Relation]
    ) -> dict[Relation, list[Failure]]:
        """Partitions whose last attempt failed and that no later record covers."""
        raise NotImplementedError
