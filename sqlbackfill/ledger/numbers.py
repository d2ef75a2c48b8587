"""The numbers of the ledger's records: later ones are higher. Writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from sqlbackfill.ledger.schema import Place
from sqlbackfill.warehouse.protocol import Session

_COUNT_BITS = 32


class Numbers:
    """Hands out numbers: where a lease is held from its fencing token, else above all that are there.

    Threads may share it, each with its own session.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._seen = 0
        self._count = 0

    def take(self, session: Session, tokens: Sequence[int | None]) -> list[int]:
        """The next numbers, one for each record: its relation's token, or None where no lease is held."""
        highest = self._highest(session) if None in tokens else 0
        with self._lock:
            above = max(self._seen, highest) + 1
            first, self._count = self._count + 1, self._count + len(tokens)
            numbers = [
                above + at if token is None else (token << _COUNT_BITS) + first + at
                for at, token in enumerate(tokens)
            ]
            self._seen = max(self._seen, *numbers)
        return numbers

    def newest(self, session: Session, token: int | None) -> int:
        """A number that no record of a relation with this token exceeds by now, and every later one will."""
        return self._highest(session) if token is None else (token << _COUNT_BITS) + self._count

    def _highest(self, session: Session) -> int:
        seen, log = self._seen, self._place.sql("partition_log")
        found = session.execute(f"SELECT max(seq) FROM {log} WHERE seq > ?", (seen,))[0][0]
        return seen if found is None else int(found)
