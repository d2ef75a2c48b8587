"""What stands of a table's log: later islands cut earlier ones. Pure; reads and writes nothing.

A `forgotten` island makes a hole. Where records of another key space were written later, those
before do not count: partitions cut otherwise have been written over them, and which ones cannot be
told from here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.ledger.records import Action, Island
from sqlbackfill.partitions.keys import KEY_SPACE


@dataclass(frozen=True, slots=True)
class Hole:
    """Consecutive partitions that record `seq` took back: none stands since."""

    space: str
    start: int
    end: int
    end_key: str
    seq: int


@dataclass(frozen=True, slots=True)
class RelationLog:
    """What stands of one table's log.

    `islands` are disjoint within a space and ordered by (space, start). `newest` has, by space, the
    highest number of any record, also of those that stand no more.
    """

    islands: tuple[Island, ...] = ()
    holes: tuple[Hole, ...] = ()
    newest: tuple[tuple[str, int], ...] = ()

    @property
    def high_water(self) -> int:
        """The highest number of any record; 0 where there is none."""
        return max((seq for _, seq in self.newest), default=0)

    @property
    def pieces(self) -> Iterator[tuple[str, int, int, int]]:
        """Space, start, end and number of every island and hole."""
        for island in self.islands:
            yield island.space, island.start, island.end, island.seq
        for hole in self.holes:
            yield hole.space, hole.start, hole.end, hole.seq

    @property
    def counting(self) -> tuple[Island, ...]:
        """The islands without those older than the newest one of another space."""
        newest: dict[str, int] = {}
        for island in self.islands:
            newest[island.space] = max(newest.get(island.space, 0), island.seq)
        if len(newest) < 2:
            return self.islands
        floors = {
            space: max(seq for other, seq in newest.items() if other != space) for space in newest
        }
        return tuple(each for each in self.islands if each.seq > floors[each.space])


def standing(records: Iterable[Island], before: RelationLog | None = None) -> RelationLog:
    """What stands of `records`, in any order, all of them newer than what `before` is made of."""
    spaces: dict[str, _Space] = {}
    newest: dict[str, int] = dict(before.newest) if before else {}
    for record in sorted(records, key=_rank, reverse=True):
        space = spaces.setdefault(record.space, _Space())
        newest[record.space] = max(newest.get(record.space, 0), record.seq)
        if record.action is Action.FORGOTTEN:
            space.dig(record.start, record.end, record.end_key, record.seq, record.space)
        else:
            space.lay(record)
    if before is not None:
        for island in before.islands:
            spaces.setdefault(island.space, _Space()).lay(island)
        for hole in before.holes:
            spaces.setdefault(hole.space, _Space()).dig(
                hole.start, hole.end, hole.end_key, hole.seq, hole.space
            )
    islands = [island for name in sorted(spaces) for island in spaces[name].in_order()]
    holes = tuple(hole for name in sorted(spaces) for hole in spaces[name].holes)
    return RelationLog(tuple(islands), holes, tuple(sorted(newest.items())))


def _rank(record: Island) -> tuple[int, str, int]:
    return record.seq, record.run_id, record.chunk


class _Space:
    """One key space of a log, laid from the newest record to the oldest."""

    __slots__ = ("_covered", "_keys", "holes", "islands")

    def __init__(self) -> None:
        self.islands: list[Island] = []
        self.holes: list[Hole] = []
        self._covered = Cover()
        self._keys: set[str] = set()

    def lay(self, record: Island) -> None:
        for start, end in self._take(record.start, record.end, record.end_key, record.space):
            is_whole = (start, end) == (record.start, record.end)
            self.islands.append(record if is_whole else replace(record, start=start, end=end))

    def dig(self, start: int, end: int, key: str, seq: int, space: str) -> None:
        self.holes += (Hole(space, a, b, key, seq) for a, b in self._take(start, end, key, space))

    def in_order(self) -> Sequence[Island]:
        self.islands.sort(key=lambda island: (island.start, island.end_key))
        return self.islands

    def _take(self, start: int, end: int, key: str, space: str) -> Sequence[tuple[int, int]]:
        if space != KEY_SPACE:
            return self._covered.take(start, end)
        if key in self._keys:
            return ()
        self._keys.add(key)
        return ((start, end),)


class Cover:
    """Ordinals that are taken already, as sorted disjoint ranges."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, start: int, end: int) -> Sequence[tuple[int, int]]:
        """The parts of [start, end) that nobody had taken; all of it is taken from now on."""
        starts, ends = self._starts, self._ends
        first = bisect_left(ends, start)
        after = bisect_right(starts, end)
        if first == after:
            starts.insert(first, start)
            ends.insert(first, end)
            return ((start, end),)
        free: list[tuple[int, int]] = []
        at = start
        for index in range(first, after):
            if at < starts[index]:
                free.append((at, starts[index]))
            at = max(at, ends[index])
        if at < end:
            free.append((at, end))
        low, high = min(start, starts[first]), max(end, ends[after - 1])
        starts[first:after] = [low]
        ends[first:after] = [high]
        return free
