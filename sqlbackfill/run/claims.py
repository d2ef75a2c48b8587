"""The leases that a run holds on the tables that it writes, from its first chunk to its last."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from datetime import timedelta
from types import TracebackType

from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.ledger.leases import Lease, Leases
from sqlbackfill.warehouse.protocol import Relation, Session

TTL = timedelta(minutes=15)
_RENEW_EVERY_S = TTL.total_seconds() / 3


class Claims:
    """Takes a lease on each relation when entered, and gives them back at the end.

    `session` is used for the leases' own short transactions, never for a chunk's. Entering raises
    GuardError LEASE_HELD, and then holds none.
    """

    def __init__(
        self, leases: Leases, session: Session, owner: str, relations: Iterable[Relation]
    ) -> None:
        self._leases = leases
        self._session = session
        self._owner = owner
        self._relations = tuple(relations)
        self._held: dict[Relation, Lease] = {}
        self._renewed_at = 0.0

    def __enter__(self) -> Claims:
        try:
            for relation in self._relations:
                self._held[relation] = self._leases.acquire(
                    self._session, relation, self._owner, TTL
                )
        except BaseException:
            self._release()
            raise
        self._renewed_at = time.monotonic()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def check(self, session: Session, relation: Relation) -> None:
        """Raises WarehouseError LEASE_LOST unless the lease on `relation` still stands.

        Belongs into the chunk's own transaction, after its DELETE and before its COMMIT.
        """
        self._leases.check(session, self._held[relation])

    def renew(self) -> None:
        """Puts off the end of all leases where a good part of their time has gone.

        That it fails does no harm by itself: a lease that is lost is found by `check`.
        """
        if time.monotonic() - self._renewed_at < _RENEW_EVERY_S:
            return
        self._renewed_at = time.monotonic()
        with contextlib.suppress(SqlbackfillError):
            self._leases.renew(self._session, self._held.values(), TTL)

    def _release(self) -> None:
        for lease in self._held.values():
            # One that cannot be given back ends with its process, or runs out.
            with contextlib.suppress(SqlbackfillError):
                self._leases.release(self._session, lease)
        self._held.clear()
