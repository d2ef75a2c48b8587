"""What a run knows by now of the tables that it writes, and whose turn it is at each. Writes nothing."""

from __future__ import annotations

import time
from threading import Lock

from sqlbackfill.run.fill import Target
from sqlbackfill.run.interrupt import Cancellation

_LOOK_EVERY_S = 0.1


class Tables:
    """Shared by all writers of a run: many may compute rows of one table, one at a time writes them.

    Other runs are kept away by the lease.
    """

    def __init__(self) -> None:
        self._targets: dict[str, Target] = {}
        self._turns: dict[str, Lock] = {}

    def target(self, model: str) -> Target | None:
        """The table of `model` as this run found or made it; None where it did neither yet."""
        return self._targets.get(model)

    def know(self, model: str, target: Target) -> None:
        """Takes note of a table that stands for good."""
        self._targets[model] = target

    def turn(self, model: str, cancellation: Cancellation) -> Turn:
        """A turn at the table of `model`, not taken yet, for the writer that `cancellation` ends."""
        return Turn(self._turns.setdefault(model, Lock()), cancellation)


class Turn:
    """One writer's turn at one table: taken to make the table or to publish, both one at a time.

    It is kept until the outcome of a COMMIT is known, so that records of one table are committed
    in the order of their numbers.
    """

    def __init__(self, lock: Lock, cancellation: Cancellation) -> None:
        self._lock = lock
        self._cancellation = cancellation
        self._is_taken = False
        self.waited_s = 0.0

    def take(self) -> None:
        """Waits for the turn, unless this writer has it. Raises CancelledError."""
        if self._is_taken:
            return
        if not self._lock.acquire(blocking=False):
            self._wait()
        self._is_taken = True

    def give(self) -> None:
        """Lets the next one have it."""
        if self._is_taken:
            self._is_taken = False
            self._lock.release()

    def _wait(self) -> None:
        began = time.monotonic()
        # Nothing of this writer's runs meanwhile that an interrupt could meet.
        self._cancellation.seal()
        while not self._lock.acquire(timeout=_LOOK_EVERY_S):
            self._cancellation.check()
        self._cancellation.open()
        self.waited_s += time.monotonic() - began
