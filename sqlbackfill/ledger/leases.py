"""Leases: one run at a time writes a table, and one that has lost its lease cannot commit.

Taking a lease over needs proof that its owner is gone: on the owner's host the process must be dead,
and only then; from another host the lease must have run out. Every acquisition gives a token higher
than all before it. A chunk's transaction checks its token after it has locked the table (with its
DELETE), so on an engine that locks, a later owner either waits for that transaction or is seen by the
check; on DuckDB, where a check could not see a takeover that commits meanwhile, all owners share one
process, which is alive and therefore cannot be taken from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, GuardError, TransientError, WarehouseError
from sqlbackfill.ledger.processes import Process, this_process
from sqlbackfill.ledger.schema import Place
from sqlbackfill.warehouse.protocol import Relation, Session

T = TypeVar("T")

_TRIES = 20
_PAUSE_S = 0.02
OF_RELATION = "database_name = ? AND schema_name = ? AND table_name = ?"
"""A condition on the rows about one relation, whose parameters `key_of` gives."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of `owner` (a run id) to write `relation`, until a higher token is given out."""

    relation: Relation
    owner: str
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lease of a relation. `expires_at` is ISO 8601 in UTC."""

    lease: Lease
    process: Process
    acquired_at: str
    expires_at: str

    def is_gone(self, now: datetime) -> bool:
        """Whether the lease may be taken over: the process is dead, or far away and overdue."""
        alive = self.process.is_alive()
        if alive is None:
            return datetime.fromisoformat(self.expires_at) <= now
        return not alive


class Leases:
    """The leases of one ledger. Each method but `check` is a short transaction of its own."""

    def __init__(
        self,
        place: Place,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        process: Callable[[], Process] = this_process,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._clock = clock
        self._process = process
        self._pause = pause
        self._held: dict[Relation, int] = {}

    def acquire(self, session: Session, relation: Relation, owner: str, ttl: timedelta) -> Lease:
        """The lease of `relation` for `owner`, who may hold it already: it is then renewed.

        Raises GuardError LEASE_HELD, naming the run and the process that hold it.
        """
        lease = self._alone(session, lambda: self._take(session, relation, owner, ttl))
        self._held[relation] = lease.token
        return lease

    def token(self, relation: Relation) -> int | None:
        """The token under which this process holds `relation`, or held it before it was lost."""
        return self._held.get(relation)

    def renew(self, session: Session, leases: Iterable[Lease], ttl: timedelta) -> None:
        """Puts off the end of `leases` to `ttl` from now. Raises WarehouseError LEASE_LOST."""
        held = tuple(leases)
        expires = (self._clock() + ttl).isoformat()

        def extend() -> None:
            for lease in held:
                if not self._update(session, lease, "expires_at = ?", expires):
                    raise _lost(lease)

        self._alone(session, extend)

    def release(self, session: Session, lease: Lease) -> None:
        """Gives the lease back; nothing happens if it was lost."""
        self._held.pop(lease.relation, None)
        self._alone(session, lambda: self._update(session, lease, "owner = ?", ""))

    def check(self, session: Session, lease: Lease) -> None:
        """Raises WarehouseError LEASE_LOST unless `lease` still stands.

        For use in the chunk's own transaction, after its DELETE and before its COMMIT.
        """
        rows = session.execute(
            f"SELECT token, owner FROM {self._place.sql('lease')} WHERE {OF_RELATION}",
            key_of(lease.relation),
        )
        if max(rows, default=None) != (lease.token, lease.owner):
            raise _lost(lease)

    def holder(self, session: Session, relation: Relation) -> Holder | None:
        """Who holds the lease of `relation`, dead or alive; None if nobody does."""
        row = self._row(session, relation)
        return row if row is not None and row.lease.owner else None

    def _take(self, session: Session, relation: Relation, owner: str, ttl: timedelta) -> Lease:
        token, now = self._next_token(session), self._clock()
        current = self._row(session, relation)
        if current is not None:
            lease = current.lease
            if lease.owner == owner:
                self._update(session, lease, "expires_at = ?", (now + ttl).isoformat())
                return lease
            if lease.owner and not current.is_gone(now):
                raise _held(current)
            session.execute(
                f"DELETE FROM {self._place.sql('lease')} WHERE {OF_RELATION}", key_of(relation)
            )
        process = self._process()
        session.insert(
            self._place.relation("lease"),
            (
                "database_name", "schema_name", "table_name", "token", "owner", "host", "pid",
                "process_started", "acquired_at", "expires_at",
            ),
            [(
                *key_of(relation), token, owner, process.host, process.pid, process.started,
                now.isoformat(), (now + ttl).isoformat(),
            )],
        )  # fmt: skip
        return Lease(relation, owner, token)

    def _next_token(self, session: Session) -> int:
        """Counts the ledger's own row up: of two transactions that do so at once, one must wait or fail."""
        table = self._place.sql("lease")
        session.execute_count(f"UPDATE {table} SET token = token + 1 WHERE table_name = ''")
        found = session.execute(f"SELECT max(token) FROM {table} WHERE table_name = ''")
        return int(found[0][0])

    def _row(self, session: Session, relation: Relation) -> Holder | None:
        rows = session.execute(
            "SELECT token, owner, host, pid, process_started, acquired_at, expires_at "
            f"FROM {self._place.sql('lease')} WHERE {OF_RELATION} ORDER BY token DESC",
            key_of(relation),
        )
        if not rows:
            return None
        token, owner, host, pid, started, acquired_at, expires_at = rows[0]
        return Holder(
            lease=Lease(relation, owner, int(token)),
            process=Process(host, int(pid), float(started)),
            acquired_at=acquired_at,
            expires_at=expires_at,
        )

    def _update(self, session: Session, lease: Lease, change: str, value: str) -> bool:
        changed = session.execute_count(
            f"UPDATE {self._place.sql('lease')} SET {change} "
            f"WHERE {OF_RELATION} AND token = ? AND owner = ?",
            (value, *key_of(lease.relation), lease.token, lease.owner),
        )
        return changed > 0

    def _alone(self, session: Session, act: Callable[[], T]) -> T:
        for last in (*(False,) * (_TRIES - 1), True):
            try:
                session.begin()
                result = act()
                session.commit()
            except TransientError:
                session.rollback()
                if last:
                    raise
                self._pause(_PAUSE_S)
            except BaseException:
                session.rollback()
                raise
            else:
                return result
        raise AssertionError("the last try returns or raises")


def key_of(relation: Relation) -> tuple[str, str, str]:
    """The parameters of OF_RELATION."""
    return relation.database, relation.schema, relation.identifier


def _held(holder: Holder) -> GuardError:
    owner, process = holder.lease.owner, holder.process
    return GuardError(
        Diagnostic(
            code="LEASE_HELD",
            message=f"{holder.lease.relation} is being written by run {owner} "
            f"(PID {process.pid} on {process.host.partition('/')[0]}, since {holder.acquired_at})",
            fix=f"wait until it has ended, or stop it: sqlbackfill cancel {owner}",
            notes=(("run", owner), ("pid", str(process.pid))),
        )
    )


def _lost(lease: Lease) -> WarehouseError:
    return WarehouseError(
        Diagnostic(
            code="LEASE_LOST",
            message=f"run {lease.owner} no longer has the right to write {lease.relation}: "
            "another run has taken it over",
            fix="see `sqlbackfill runs`; nothing of this chunk was kept",
            notes=(("run", lease.owner),),
        )
    )
