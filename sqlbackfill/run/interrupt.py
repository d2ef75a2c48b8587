"""How a user stops a run: signals, and giving up the statement under way. Knows no SQL."""

from __future__ import annotations

import signal
from enum import IntEnum
from threading import Event, Lock, current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any

from sqlbackfill.errors import CancelledError, Diagnostic
from sqlbackfill.warehouse.protocol import Session


class Wish(IntEnum):
    """What the user wants of the run by now; it only ever grows."""

    GO_ON = 0
    DRAIN = 1
    GIVE_UP = 2
    LEAVE = 3


class Signals:
    """Listens for Ctrl-C and SIGTERM while it is entered.

    The first SIGINT asks to drain, a second one or a SIGTERM to give up, any after that to leave
    what cannot be given up. Handlers are installed in the main thread only, since Python allows no
    other, and the old ones are put back at the end.
    """

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self.wish = Wish.GO_ON

    def __enter__(self) -> Signals:
        if current_thread() is main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take_note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def _take_note(self, number: int, _frame: FrameType | None) -> None:
        once_more = Wish(min(self.wish + 1, Wish.LEAVE))
        self.wish = max(once_more, Wish.GIVE_UP) if number == signal.SIGTERM else once_more


class Cancellation:
    """Gives up what one thread runs on a session, asked for by another.

    An interrupt that arrives between two statements is lost, so `strike` is repeated until the job
    has ended. It must not hit COMMIT or ROLLBACK, so those are run after `seal`.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_sealed = True
        self._requested = Event()

    def open(self) -> None:
        """Statements from here on may be interrupted."""
        with self._lock:
            self._is_sealed = False

    def check(self) -> None:
        """Raises CancelledError if the user asked to give up."""
        if self._requested.is_set():
            raise CancelledError(Diagnostic(code="INTERRUPTED", message="interrupted"))

    def pause(self, seconds: float) -> None:
        """Waits, unless the user asks to give up: then raises CancelledError at once."""
        self._requested.wait(seconds)
        self.check()

    def seal(self) -> None:
        """Statements from here on are not interrupted."""
        with self._lock:
            self._is_sealed = True

    @property
    def is_sealed(self) -> bool:
        """Whether what runs now is not to be interrupted."""
        with self._lock:
            return self._is_sealed

    def strike(self, session: Session) -> None:
        """Interrupts what runs on `session` now, unless it is sealed."""
        with self._lock:
            self._requested.set()
            if not self._is_sealed:
                session.interrupt()
