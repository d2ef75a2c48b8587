"""A table's whole log, to compare what its partitions were at one mark with what they are at another.

Pure. A partition's version is its content's digest for a set of columns where one was recorded, else
the record that built it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sqlbackfill.dataclass import replace
from sqlbackfill.ledger.islands import standing
from sqlbackfill.ledger.records import Action, Island, Mark
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet

Digests = Mapping[str, Sequence[str | None]]
Moved = list[tuple[OrdinalRange, Island | None]]


class History:
    """The records of one table in one key space, and how they stand to those of other spaces.

    `is_view` tells that the relation holds no rows of its own: then its version is its code.
    """

    def __init__(
        self,
        records: Iterable[Island],
        space: str,
        *,
        digests: Callable[[int], Digests] = lambda _seq: {},
        is_view: bool = False,
    ) -> None:
        by_seq = sorted(records, key=lambda each: (each.seq, each.run_id, each.chunk))
        self._space = space
        self._digests = digests
        self._is_view = is_view
        others = [each for each in by_seq if each.space != space]
        self._others_newest = others[-1].seq if others else 0
        self._floor = max((each.seq for each in standing(others).islands), default=0)
        self._cuts, self._records = _by_segment([each for each in by_seq if each.space == space])

    def moved(self, before: Mark, now: Mark, columns: str, within: PartitionSet) -> Moved:
        """Where in `within` the version at `before` is not that at `now`, with the record of `now`.

        What cannot be compared counts as moved.
        """
        if before.space != now.space or self._others_newest > before.seq:
            return [(span, None) for span in within.ranges]
        found: Moved = []
        for (start, end), records in self._segments(within):
            old, new = self._at(records, before), self._at(records, now)
            found += ((span, new) for span in self._differing(old, new, columns, start, end))
        return found

    def built_at(self, mark: Mark) -> Iterator[Island]:
        """What stood at `mark`, ascending; where a part of an island stood, that part."""
        for start, end, records in zip(self._cuts, self._cuts[1:], self._records, strict=False):
            island = self._at(records, mark)
            if island is not None:
                yield replace(island, start=start, end=end)

    def _segments(self, within: PartitionSet) -> Iterator[tuple[OrdinalRange, Sequence[Island]]]:
        for low, high in within.ranges:
            index = max(bisect_right(self._cuts, low) - 1, 0)
            while index + 1 < len(self._cuts) and self._cuts[index] < high:
                start, end = max(self._cuts[index], low), min(self._cuts[index + 1], high)
                if start < end:
                    yield (start, end), self._records[index]
                index += 1

    def _at(self, records: Sequence[Island], mark: Mark) -> Island | None:
        at = bisect_right(records, mark.seq, key=_seq)
        if not at:
            return None
        record = records[at - 1]
        counts = record.identity == mark.identity and record.seq > self._floor
        return record if counts and record.action is not Action.FORGOTTEN else None

    def _differing(
        self, old: Island | None, new: Island | None, columns: str, start: int, end: int
    ) -> Iterable[OrdinalRange]:
        if old is None or new is None:
            return () if old is new else ((start, end),)
        if old.seq == new.seq or (self._is_view and old.fingerprint == new.fingerprint):
            return ()
        then, now = (self._digests(each.seq).get(columns, ()) for each in (old, new))
        if len(then) != len(old) or len(now) != len(new):
            return ((start, end),)
        return PartitionSet.of_ordinals(
            ordinal
            for ordinal in range(start, end)
            if then[ordinal - old.start] is None
            or then[ordinal - old.start] != now[ordinal - new.start]
        ).ranges


def _seq(record: Island) -> int:
    return record.seq


def _by_segment(records: Sequence[Island]) -> tuple[list[int], list[list[Island]]]:
    """The ordinals between which no record starts or ends, and the records of each stretch.

    Stretch `i` goes from cut `i` to cut `i + 1`; its records are in ascending order.
    """
    cuts = sorted({at for each in records for at in (each.start, each.end)})
    held: list[list[Island]] = [[] for _ in cuts]
    for record in records:
        for index in range(bisect_left(cuts, record.start), bisect_left(cuts, record.end)):
            held[index].append(record)
    return cuts, held
