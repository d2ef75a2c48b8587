"""What of a run may start now: a chunk whose inputs are settled and whose table has room for it. Pure.

In ranges throughout: a chunk that waits looks at one partition of one input, and is looked at again
when that one is settled. Of each model only the next few chunks are looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Chunk, PlannedModel, Reason
from sqlbackfill.run.inputs import Reads
from sqlbackfill.run.schedule import Rank, Task

LOOK_AHEAD = 16
"""How many chunks of one model may wait while later ones of it are looked at."""

_NOTHING = PartitionSet.empty()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A chunk that reads partitions of the model `by` which were not built: `lost`."""

    task: Task
    by: str
    lost: PartitionSet


@dataclass(slots=True)
class _Line:
    """The chunks of one model: those not looked at, those that may start, and how many wait.

    `room` of them may be under way at once; `busy` are.
    """

    todo: deque[Task]
    ahead: int
    room: int
    next_number: int = 0
    ready: list[tuple[Rank, Task, Blocked | None]] = field(default_factory=list)
    waiting: int = 0
    busy: int = 0
    most: int | None = None
    joins_up_to: int = 0


class Wavefront:
    """Hands out chunks and is told what became of them.

    `at_once` of one model may be under way at a time, unless they depend on one another or change
    the table itself. Of what may start, that goes first of whose model the fewest are under way, and
    then by rank: several chunks of one table fill what other tables leave of the workers.

    A chunk may start once every partition that it reads and that this run was to build is settled:
    built or left as it is, or else lost. Partitions that the run was not to build are taken as they
    are. What reads lost partitions comes out as Blocked, cut down to exactly the partitions that do,
    unless its model is never cut.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        models: Mapping[str, PlannedModel],
        reads: Reads,
        *,
        look_ahead: int = LOOK_AHEAD,
        at_once: int = 1,
    ) -> None:
        self._reads = reads
        self._whole = {name for name, model in models.items() if model.is_never_cut}
        self._lines: dict[str, _Line] = {}
        ranges: dict[str, list[tuple[int, int]]] = {}
        for task in tasks:
            ranges.setdefault(task.model, []).append((task.chunk.start, task.chunk.end))
            if task.model not in self._lines:
                ahead = 1 if models[task.model].reads_itself else look_ahead
                room = at_once if may_go_abreast(models[task.model]) else 1
                self._lines[task.model] = _Line(deque(), ahead, room)
            line = self._lines[task.model]
            if task.step.reason is Reason.SCHEMA_CHANGE:
                line.room = 1
            line.todo.append(task)
            line.next_number = max(line.next_number, task.number + 1)
        self._unsettled = {model: PartitionSet.of(found) for model, found in ranges.items()}
        self._lost: dict[str, PartitionSet] = {}
        self._watchers: dict[str, list[tuple[int, Task]]] = {}
        self._open: list[tuple[int, Rank, str]] = []
        for model in self._lines:
            self._offer(model)

    @property
    def is_over(self) -> bool:
        """Whether every partition is settled or lost."""
        return not any(self._unsettled.values())

    def take(self) -> Task | Blocked | None:
        """What goes next, or None where all that is left waits for what is under way.

        It counts as under way until `release`.
        """
        while self._open:
            busy, rank, model = heappop(self._open)
            line = self._lines[model]
            if line.busy != busy or not line.ready or line.ready[0][0] != rank:
                continue
            _, task, verdict = heappop(line.ready)
            if verdict is None and line.most is not None and _size(task) > line.most:
                self.put_back(task, task.chunk.partitions.chunks(line.most))
                self._offer(model)
                continue
            line.busy += 1
            if line.busy < line.room:
                self._offer(model)
            return task if verdict is None else verdict
        return None

    def settle(self, model: str, partitions: PartitionSet) -> None:
        """Notes that `partitions` of `model` are as they should be, which lets their readers start."""
        before = self._unsettled[model]
        ours, theirs = before.ranges, partitions.ranges
        if len(ours) == len(theirs) == 1 and ours[0][0] == theirs[0][0] < theirs[0][1] < ours[0][1]:
            self._unsettled[model] = PartitionSet(((theirs[0][1], ours[0][1]),))
        else:
            self._unsettled[model] = before - partitions
        woken = [each for each in self._watchers.get(model, ()) if each[0] in partitions]
        if woken:
            left = [each for each in self._watchers[model] if each[0] not in partitions]
            self._watchers[model] = left
            for _, task in woken:
                self._lines[task.model].waiting -= 1
                self._look_at(task)
            for name in {task.model: None for _, task in woken}:
                self._offer(name)

    def lose(self, model: str, partitions: PartitionSet) -> None:
        """Notes that `partitions` of `model` will not be built by this run."""
        self._lost[model] = self._lost.get(model, _NOTHING) | partitions
        self.settle(model, partitions)

    def release(self, model: str) -> None:
        """Lets another chunk of `model` start in the place of one that was taken."""
        self._lines[model].busy -= 1
        self._offer(model)

    def put_back(self, task: Task, ranges: Iterable[tuple[int, int]]) -> None:
        """Takes parts of `task` in its place, each with a number of its own; its inputs are settled."""
        line = self._lines[task.model]
        for start, end in ranges:
            part = task.part(start, end, line.next_number)
            line.next_number += 1
            heappush(line.ready, (part.rank, part, None))

    def take_no_more_than(self, model: str, partitions: int) -> None:
        """From here on no chunk of `model` holds more than so many partitions."""
        line = self._lines[model]
        line.most, line.joins_up_to = partitions, 0

    def take_up_to(self, model: str, partitions: int) -> None:
        """From here on chunks of `model` hold so many partitions, as far as planned ones are neighbours.

        Those that were looked at already stay as they are, unless they hold more.
        """
        line = self._lines[model]
        line.most = line.joins_up_to = partitions

    def _offer(self, model: str) -> None:
        """Looks for a chunk of `model` that may start, and has it compete with other models'."""
        line = self._lines[model]
        while not line.ready and line.todo and line.waiting < line.ahead:
            self._look_at(_joined(line))
        if line.ready and line.busy < line.room:
            heappush(self._open, (line.busy, line.ready[0][0], model))

    def _look_at(self, task: Task) -> None:
        """Has `task` wait for a partition that it reads, or counts it among those that may start."""
        model = task.model
        reads = self._reads(model, task.chunk.partitions)
        for upstream, window in reads.items():
            # A chain comes in its order, one at a time: its own past is settled when it is due.
            if upstream == model or not (left := self._unsettled.get(upstream)):
                continue
            if needed := left & window:
                watched = self._watchers.setdefault(upstream, [])
                watched.append((needed.last, task))
                self._lines[model].waiting += 1
                return
        self._sort_out(task, reads)

    def _sort_out(self, task: Task, reads: Mapping[str, PartitionSet]) -> None:
        line = self._lines[task.model]
        hit = self._hit(reads)
        if hit is None:
            heappush(line.ready, (task.rank, task, None))
            return
        if _size(task) == 1 or task.model in self._whole:
            heappush(line.ready, (task.rank, task, Blocked(task, *hit)))
            return
        verdicts: list[tuple[int, int, tuple[str, PartitionSet] | None]] = []
        self._find_hits(task.model, task.chunk.start, task.chunk.end, verdicts)
        if len(verdicts) == 1:
            heappush(line.ready, (task.rank, task, Blocked(task, *hit)))
            return
        for start, end, found in verdicts:
            part = task.part(start, end, line.next_number)
            line.next_number += 1
            blocked = Blocked(part, *found) if found else None
            heappush(line.ready, (part.rank, part, blocked))

    def _find_hits(
        self,
        model: str,
        start: int,
        end: int,
        verdicts: list[tuple[int, int, tuple[str, PartitionSet] | None]],
    ) -> None:
        """Appends the runs of [start, end) that nothing holds back and those that one model does."""
        hit = self._hit(self._reads(model, PartitionSet.span(start, end)))
        if hit is not None and end - start > 1:
            middle = (start + end) // 2
            self._find_hits(model, start, middle, verdicts)
            self._find_hits(model, middle, end, verdicts)
            return
        if verdicts and _by(verdicts[-1][2]) == _by(hit):
            first, _, before = verdicts.pop()
            start = first
            if hit is not None and before is not None:
                hit = (hit[0], hit[1] | before[1])
        verdicts.append((start, end, hit))

    def _hit(self, reads: Mapping[str, PartitionSet]) -> tuple[str, PartitionSet] | None:
        """The first model, by name, of which lost partitions are read, and which."""
        if not self._lost:
            return None
        for upstream in sorted(reads):
            if found := self._lost.get(upstream, _NOTHING) & reads[upstream]:
                return upstream, found
        return None


def may_go_abreast(model: PlannedModel) -> bool:
    """Whether chunks of `model` are independent of one another."""
    return not model.reads_itself and not isinstance(model.partitioning, WholePartitioning)


def _joined(line: _Line) -> Task:
    """The next chunk to look at, together with its planned neighbours where they fit into one."""
    task = line.todo.popleft()
    while line.todo and _size(task) + _size(line.todo[0]) <= line.joins_up_to:
        one, other = task.chunk, line.todo[0].chunk
        if line.todo[0].step is not task.step or (
            one.end != other.start and other.end != one.start
        ):
            break
        both = Chunk(min(one.start, other.start), max(one.end, other.end))
        task = replace(task, chunk=both)
        line.todo.popleft()
    return task


def _by(hit: tuple[str, PartitionSet] | None) -> str | None:
    return hit[0] if hit else None


def _size(task: Task) -> int:
    return task.chunk.end - task.chunk.start
