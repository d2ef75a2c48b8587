"""Digests of sources that neighbouring chunks of a run read, taken by one query for some of them.

Good as long as the source's version proves it unchanged; what has no such version is digested chunk by
chunk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from sqlbackfill.run.source_cover import Span
from sqlbackfill.run.source_digests import SourceDigests


class SourceBlocks:
    """Keeps the last block of each source, by what is digested of it. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[str, Span, SourceDigests]] = {}

    def get(
        self,
        key: Hashable,
        block: Span,
        before: str,
        version: Callable[[], str],
        read: Callable[[Span], SourceDigests],
    ) -> SourceDigests | None:
        """The digests of `block` as the source is now; None where its version is not known.

        That is `before`, read by the asking chunk before all else.
        """
        if not before:
            return None
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept[:2] == (before, block):
            return kept[2]
        found = read(block)
        if version() != before:
            return None
        with self._lock:
            self._kept[key] = before, block, found
        return found
