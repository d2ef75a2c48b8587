"""What a run may spend, and whether one more chunk would exceed it. Asks no warehouse what it bills."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic
from sqlbackfill.run.schedule import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """So much money for a run of which each second costs `usd_per_second`, `least_s` of them at least."""

    limit_usd: float
    usd_per_second: float
    least_s: float = 0.0


@dataclass(slots=True)
class Spending:
    """How much of a budget is spent: what runs on bills for its time, however many chunks share it.

    Chunks are expected to take the high end of their estimate, until one of their model has run in
    this run: then what the slowest took for a partition.
    """

    budget: Budget
    now: Callable[[], float] = time.monotonic
    _began: float | None = None
    _under_way: dict[tuple[str, int], float] = field(default_factory=dict)
    _slowest: dict[str, float] = field(default_factory=dict)

    def refusal(self, task: Task) -> Diagnostic | None:
        """Why `task` is not to be launched; None where it may be."""
        now = self.now()
        began = now if self._began is None else self._began
        ends = [*self._under_way.values(), now + self._expected_s(task), now]
        budget = self.budget
        spent = budget.usd_per_second * (now - began)
        would_be = budget.usd_per_second * max(max(ends) - began, budget.least_s)
        if would_be <= budget.limit_usd:
            return None
        return Diagnostic(
            code="BUDGET_SPENT",
            message=f"stopped before the next chunk of `{task.model}`: ${spent:,.4g} are spent, and with it "
            f"and what is under way it would be up to ${would_be:,.4g}, above --max-cost "
            f"{budget.limit_usd:,.4g}",
            model=task.model,
            fix="nothing is lost; the command that goes on takes a --max-cost of its own",
        )

    def launched(self, task: Task) -> None:
        now = self.now()
        if self._began is None:
            self._began = now
        self._under_way[task.model, task.number] = now + self._expected_s(task)

    def ended(self, task: Task, seconds: float) -> None:
        self._under_way.pop((task.model, task.number), None)
        each = seconds / len(task.chunk.partitions)
        self._slowest[task.model] = max(each, self._slowest.get(task.model, 0.0))

    @property
    def spent_usd(self) -> float:
        """By now, of the time since the first chunk was launched."""
        if self._began is None:
            return 0.0
        up_s = max(self.now() - self._began, self.budget.least_s)
        return self.budget.usd_per_second * up_s

    def _expected_s(self, task: Task) -> float:
        partitions = len(task.chunk.partitions)
        if task.model in self._slowest:
            return self._slowest[task.model] * partitions
        seconds = task.step.estimate.seconds
        return seconds.high * partitions / len(task.step.partitions) if seconds else 0.0
