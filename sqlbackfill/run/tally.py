"""What a run has done so far, model by model: for its result and for its run file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlbackfill.dataclass import replace
from sqlbackfill.errors import Diagnostic
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.types import Plan, PlannedModel
from sqlbackfill.run.result import BlockedChunk, FailedChunk, ModelResult
from sqlbackfill.run.runfile import ModelProgress

if TYPE_CHECKING:  # what writes chunks is loaded once there is one to write
    from sqlbackfill.run.chunk import Written


class Tally:
    """Counts while a run goes on. Models follow the order of the plan's steps."""

    def __init__(self, plan: Plan, already: Mapping[str, PartitionSet]) -> None:
        self.progress: dict[str, ModelProgress] = {}
        self.failures: list[FailedChunk] = []
        self.blocked: list[BlockedChunk] = []
        self.warnings: list[Diagnostic] = []
        self.failed_chunks = 0
        self.only_guards = True
        self.stop: Diagnostic | None = None
        self._cut_off: dict[str, int] = {}
        self._queries: dict[str, int] = {}
        self._seconds: dict[str, float] = {}
        for step in plan.steps:
            done = already.get(step.model, PartitionSet.empty())
            before = self.progress.get(step.model, ModelProgress(total=0))
            self.progress[step.model] = replace(
                before,
                total=before.total + len(step.partitions),
                skipped=before.skipped + len(step.partitions & done),
            )

    @property
    def skipped(self) -> dict[str, int]:
        return {name: progress.skipped for name, progress in self.progress.items()}

    @property
    def is_complete(self) -> bool:
        """Whether every partition of the plan has been committed, by this run or before it."""
        return all(p.built + p.skipped == p.total for p in self.progress.values())

    def wrote(self, model: str, written: Written) -> None:
        before = self.progress[model]
        self.progress[model] = replace(
            before, built=before.built + written.partitions, rows=before.rows + written.rows
        )

    def cut_off(self, model: str, partitions: int) -> None:
        """Notes partitions that need not be rebuilt after all."""
        self._cut_off[model] = self._cut_off.get(model, 0) + partitions
        before = self.progress[model]
        self.progress[model] = replace(before, skipped=before.skipped + partitions)

    def spent(self, model: str, *, queries: int, seconds: float) -> None:
        self._queries[model] = self._queries.get(model, 0) + queries
        self._seconds[model] = self._seconds.get(model, 0.0) + seconds

    @property
    def seconds(self) -> float:
        """What all chunks took, those too that failed or ran side by side."""
        return sum(self._seconds.values())

    def failed(self, failures: list[FailedChunk], *, by_guard: bool) -> None:
        """Notes one chunk that failed, with everything that was wrong with it."""
        self.failures.extend(failures)
        self.failed_chunks += 1
        self.only_guards = self.only_guards and by_guard
        model, chunk = failures[0].model, failures[0].chunk
        before = self.progress[model]
        self.progress[model] = replace(before, failed=before.failed + len(chunk.partitions))

    def block(self, blocked: BlockedChunk) -> None:
        self.blocked.append(blocked)
        before = self.progress[blocked.model]
        self.progress[blocked.model] = replace(
            before, blocked=before.blocked + len(blocked.chunk.partitions)
        )

    def status(self, plan: Plan, *, is_interrupted: bool) -> RunStatus:
        """How the run ended: interrupted before failed before stopped by a guard before done.

        What a plan could not build at all (`plan.blocked`) counts as failed.
        """
        if is_interrupted:
            return RunStatus.INTERRUPTED
        if self.failed_chunks:
            return RunStatus.STOPPED if self.only_guards else RunStatus.FAILED
        if self.stop is not None:
            return RunStatus.STOPPED
        return RunStatus.FAILED if plan.blocked else RunStatus.DONE

    def model_results(self) -> tuple[ModelResult, ...]:
        return tuple(
            ModelResult(
                model=model,
                partitions_built=progress.built,
                partitions_skipped=progress.skipped,
                partitions_cut_off=self._cut_off.get(model, 0),
                rows=progress.rows,
                queries=self._queries.get(model, 0),
                seconds=self._seconds.get(model, 0.0),
            )
            for model, progress in self.progress.items()
        )

    def in_order(self) -> None:
        """Puts what went wrong in the order of the plan's models and of their partitions."""
        places = {model: at for at, model in enumerate(self.progress)}
        self.failures.sort(key=lambda each: (places[each.model], each.chunk.start))
        self.blocked.sort(key=lambda each: (places[each.model], each.chunk.start))

    def errors(self, plan: Plan, models: Mapping[str, PlannedModel]) -> tuple[Diagnostic, ...]:
        """All that went wrong: what stopped the run, failures, what they held back, what the plan left blocked."""
        nothing = PartitionSet.empty()
        held: dict[tuple[str, str], tuple[PartitionSet, PartitionSet]] = {}
        for blocked in self.blocked:
            key = (blocked.model, blocked.by)
            partitions, lost = held.get(key, (nothing, nothing))
            held[key] = (partitions | blocked.chunk.partitions, lost | blocked.lost)
        return (
            *((self.stop,) if self.stop is not None else ()),
            *(failure.diagnostic for failure in self.failures),
            *(
                upstream_failed(models[model], partitions, models[by], lost)
                for (model, by), (partitions, lost) in held.items()
            ),
            *(
                Diagnostic(code=b.code, message=b.message, fix=b.fix, model=b.model)
                for b in plan.blocked
            ),
        )


def upstream_failed(
    model: PlannedModel, partitions: PartitionSet, by: PlannedModel, lost: PartitionSet
) -> Diagnostic:
    """That partitions of `model` were not tried, since what they read of `by`, `lost`, was not built."""
    return Diagnostic(
        code="UPSTREAM_FAILED",
        message=f"{name_of(model, partitions)} was not tried, since it reads "
        f"{name_of(by, lost)}, which was not built",
        model=model.name,
        fix=f"cure {by.name} first; the command that continues takes both",
    )


def name_of(model: PlannedModel, partitions: PartitionSet) -> str:
    """A model's partitions as a person names them: `flights 2013-01-05..2013-01-08`."""
    if isinstance(model.partitioning, WholePartitioning):
        return model.name
    return f"{model.name} {model.partitioning.label_set(partitions)}"
