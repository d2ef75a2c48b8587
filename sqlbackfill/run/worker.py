"""Threads that run one job each, so that the one that hands them out stays free for signals. Knows no SQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Queue
from types import TracebackType
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")

PAUSE_S = 0.1
THREAD_NAME = "sqlbackfill-statements"
"""The entry point looks for threads of this name before the process ends."""


class Workers(Generic[K, T]):
    """Runs up to `count` jobs at a time, each known by a key; leaving it waits for all of them.

    Python runs signal handlers in the main thread alone and only between its bytecodes, while a
    driver's execute blocks for as long as its query takes. So the main thread waits in short pauses;
    a whole chunk handed over this way costs about 0.1 ms.
    """

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, THREAD_NAME)
        # Not a SimpleQueue: where a signal arrives as its timeout ends, its `get` in CPython 3.11
        # goes on with a negative timeout, which means for ever.
        self._done: Queue[tuple[K, Future[T]]] = Queue()
        self.busy = 0
        self._is_waited_for = True

    def start(self, key: K, job: Callable[[], T]) -> None:
        """Runs `job` in a thread of its own."""
        self.busy += 1
        self._pool.submit(job).add_done_callback(lambda future: self._done.put((key, future)))

    def next_done(self) -> tuple[K, Future[T]] | None:
        """A job that has ended, by its key; None if none has within a short pause."""
        try:
            found = self._done.get(timeout=PAUSE_S)
        except Empty:
            return None
        self.busy -= 1
        return found

    def leave(self) -> None:
        """Leaving this does not wait any more for jobs under way; the process must end hard."""
        self._is_waited_for = False

    def __enter__(self) -> Workers[K, T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=self._is_waited_for)
