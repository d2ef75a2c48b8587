"""Whether a chunk that failed is tried again in parts, and in which. Pure."""

from __future__ import annotations

from collections.abc import Callable

from sqlbackfill.errors import FailureKind, SqlbackfillError, WarehouseError
from sqlbackfill.partitions.partition_set import OrdinalRange
from sqlbackfill.run.schedule import Task

BAD_PARTITIONS = 4
"""So many partitions with bad rows are told apart within one chunk; more fail together."""


class Remedies:
    """Remembers how often each chunk was bisected, so that one that is bad throughout ends soon."""

    def __init__(self, fixed_costs_prevail: Callable[[str, int], bool]) -> None:
        self._fixed_costs_prevail = fixed_costs_prevail
        self._left: dict[tuple[str, int], int] = {}

    def halves(self, task: Task, error: SqlbackfillError) -> tuple[OrdinalRange, ...]:
        """The two halves of `task` to try next, or none where that cannot help.

        What met bad rows is bisected down to the partition that holds them: one of k costs at most
        2·log2 k further queries, unless each would cost about as much as the whole. What was too much for memory or for its time is halved. An error
        of ours, such as a guard's, names the rows itself, and another kind of error would be the
        same in each half.
        """
        chunk = task.chunk
        if chunk.end - chunk.start == 1 or not isinstance(error, WarehouseError):
            return ()
        if error.kind is FailureKind.DATA:
            if not self._may_bisect(task):
                return ()
        elif error.kind not in (FailureKind.MEMORY, FailureKind.TIMEOUT):
            return ()
        middle = (chunk.start + chunk.end) // 2
        return (chunk.start, middle), (middle, chunk.end)

    def _may_bisect(self, task: Task) -> bool:
        key, size = (task.model, task.root), task.chunk.end - task.chunk.start
        left = self._left.get(key, BAD_PARTITIONS * (size - 1).bit_length())
        self._left[key] = max(left - 1, 0)
        return left > 0 and not self._fixed_costs_prevail(task.model, size)
