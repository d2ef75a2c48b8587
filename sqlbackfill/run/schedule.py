"""The order of a run's chunks, and which of them failures elsewhere hold back. Pure; runs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Plan, PlannedModel, Step


@dataclass(frozen=True, slots=True)
class Task:
    """One chunk of one step; `number` counts the chunks of its model in this run, from 0."""

    step: Step
    chunk: Chunk
    number: int

    @property
    def model(self) -> str:
        return self.step.model


def tasks(
    plan: Plan, models: Mapping[str, PlannedModel], already: Mapping[str, PartitionSet]
) -> tuple[Task, ...]:
    """Every chunk that is left to do, in the order of the plan's steps.

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
    for step, chunk in ordered:
        numbered.append(Task(step, chunk, numbers[step.model]))
        numbers[step.model] += 1
    return tuple(numbered)


def _chain(plan: Plan, model: str, done: PartitionSet) -> list[tuple[Step, Chunk]]:
    steps = {
        ordinal: step
        for step in plan.steps
        if step.model == model
        for ordinal in (step.partitions - done).ordinals()
    }
    return [(steps[ordinal], Chunk(ordinal, ordinal + 1)) for ordinal in sorted(steps)]


class Fallout:
    """The partitions that a run tried in vain or did not try, and what they hold back."""

    def __init__(self) -> None:
        self._lost: dict[str, PartitionSet] = {}

    def add(self, model: str, partitions: PartitionSet) -> None:
        self._lost[model] = self._lost.get(model, PartitionSet.empty()) | partitions

    def blocking(self, reads: Mapping[str, PartitionSet]) -> str | None:
        """The first upstream, by name, of which partitions in `reads` were lost."""
        for upstream in sorted(reads):
            if upstream in self._lost and self._lost[upstream] & reads[upstream]:
                return upstream
        return None

    def __bool__(self) -> bool:
        return bool(self._lost)
