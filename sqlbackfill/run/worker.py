"""Waiting for a statement in another thread, so that this one stays free for signals. Knows no SQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, wait
from typing import TypeVar

T = TypeVar("T")

PAUSE_S = 0.1


def call_in(pool: Executor, look_up: Callable[[], None], job: Callable[[], T]) -> T:
    """What `job` returns when run in `pool`, or the error that it raises.

    Python runs signal handlers in the main thread alone and only between its bytecodes, while a
    driver's execute blocks for as long as its query takes. So this thread waits in short pauses
    and calls `look_up` after each; a whole chunk handed over this way costs about 0.1 ms.
    """
    future = pool.submit(job)
    while not wait((future,), timeout=PAUSE_S).done:
        look_up()
    return future.result()
