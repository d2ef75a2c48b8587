"""The chunks of a run and the order in which they are wanted. Pure; what may start is `wavefront`'s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.plan.types import Chunk, Plan, PlannedModel, Step

Rank = tuple[float, ...]

_AT_ONCE = float("-inf")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Order(StrEnum):
    """What goes first of all that could start.

    `plan`: model by model as the plan lists them. `newest`, `oldest`: by the time of the
    partitions, through all models.
    """

    PLAN = "plan"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Task:
    """One chunk of one step; `number` counts the chunks of its model in this run, from 0.

    Of what could start the lowest `rank` goes first. `root` is the number of the chunk that this
    one is a part of, its own where it is whole. `is_checked` tells that it was found to be needed.
    """

    step: Step
    chunk: Chunk
    number: int
    rank: Rank = ()
    root: int = 0
    is_checked: bool = False

    @property
    def model(self) -> str:
        return self.step.model

    def part(self, start: int, end: int, number: int) -> Task:
        """A part of this chunk, which goes where the whole would have gone."""
        return replace(self, chunk=Chunk(start, end), number=number, rank=(*self.rank, start))


def tasks(
    plan: Plan,
    models: Mapping[str, PlannedModel],
    already: Mapping[str, PartitionSet],
    order: Order = Order.PLAN,
) -> tuple[Task, ...]:
    """Every chunk that is left to do, numbered and ranked; in the order of the plan's steps.

    Partitions in `already` are left out, so that a chunk may fall into several. A model that reads
    itself comes where its first step stands, with all its partitions one at a time, ascending.
    """
    ordered: list[tuple[Step, Chunk]] = []
    chained: set[str] = set()
    for step in plan.steps:
        done = already.get(step.model, PartitionSet.empty())
        if not models[step.model].reads_itself:
            for chunk in step.chunks:
                left = chunk.partitions - done
                ordered.extend((step, Chunk(start, end)) for start, end in left.ranges)
        elif step.model not in chained:
            chained.add(step.model)
            ordered.extend(_chain(plan, step.model, done))
    numbers: Counter[str] = Counter()
    numbered = []
    for at, (step, chunk) in enumerate(ordered):
        number = numbers[step.model]
        numbered.append(Task(step, chunk, number, rank=(0, at), root=number))
        numbers[step.model] += 1
    return tuple(numbered) if order is Order.PLAN else _by_time(numbered, models, order)


def ascending(models: Mapping[str, PlannedModel], names: Mapping[str, object]) -> frozenset[str]:
    """Those of `names`, upstreams first, that read themselves, or read one that does.

    What reads the end of a chain has to wait for all of it, so it follows the chain upwards.
    """
    found: set[str] = set()
    for name in names:
        model = models[name]
        if model.reads_itself or not found.isdisjoint(model.upstreams):
            found.add(name)
    return frozenset(found)


def _chain(plan: Plan, model: str, done: PartitionSet) -> list[tuple[Step, Chunk]]:
    steps = {
        ordinal: step
        for step in plan.steps
        if step.model == model
        for ordinal in (step.partitions - done).ordinals()
    }
    return [(steps[ordinal], Chunk(ordinal, ordinal + 1)) for ordinal in sorted(steps)]


def _by_time(
    numbered: list[Task], models: Mapping[str, PlannedModel], order: Order
) -> tuple[Task, ...]:
    """Ranked by the time of their partitions; what has none, or waits for a chain, by the plan.

    A chain comes before all else, being the longest path: each of its links waits for the last.
    """
    lines: dict[str, list[Task]] = {}
    for task in numbered:
        lines.setdefault(task.model, []).append(task)
    chains = ascending(models, lines)
    ranked: list[Task] = []
    for name, line in lines.items():
        cut = models[name].partitioning
        newest_first = order is Order.NEWEST and name not in chains
        line.sort(key=lambda task: task.chunk.start, reverse=newest_first)
        for at, task in enumerate(line):
            key = _AT_ONCE
            if isinstance(cut, TimePartitioning) and not models[name].reads_itself:
                newest = order is Order.NEWEST
                key = _seconds(cut, task.chunk.end if newest else task.chunk.start)
                key = -key if newest else key
            ranked.append(replace(task, rank=(key, len(ranked) - at, at)))
    return tuple(ranked)


def _seconds(partitioning: TimePartitioning, ordinal: int) -> float:
    """When the partition starts by its own calendar, comparable between grains and zones."""
    return (partitioning.local_start(ordinal) - _EPOCH).total_seconds()
