"""What the planner is given: the models it may choose from and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.terms import Spec
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.states import ModelState
from sqlbackfill.plan.strategy import Strategy
from sqlbackfill.plan.types import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One model as the planner sees it.

    Partitions below the ordinal `due_end` have ended; `refusal` is set where the model is
    analysed but may not be run; `why_not` says what rules ranged queries out, `how` in what unusual way they are written; `schema_problem` is
    set where the query's columns differ from the table's in a way that the config does not allow.
    Changes of `held_inputs` make partitions stale that are rebuilt only when asked for, those of
    `unjudged_inputs` none at all. A view holds no rows: what it reads changes its readers, and never
    itself. `quiet_for` has the partitions that are stale for their code alone, which gives what a
    reader uses as the recorded one did, by reader.
    """

    name: str
    partitioning: AnyPartitioning
    state: ModelState
    due_end: int
    fingerprint: str
    table_identity: str | None
    allowed: tuple[str, ...]
    why_not: str | None = None
    how: str | None = None
    asked: Strategy | None = None
    max_chunk: int | None = None
    reads_itself: bool = False
    refusal: Diagnostic | None = None
    schema_problem: Diagnostic | None = None
    has_schema_change: bool = False
    rebuilds_on_schema_change: bool = False
    held_inputs: frozenset[str] = frozenset()
    unjudged_inputs: frozenset[str] = frozenset()
    is_view: bool = False
    quiet_for: Mapping[str, PartitionSet] = field(default_factory=dict)

    def due_of(self, partitions: PartitionSet) -> PartitionSet:
        """Of `partitions` those that have ended."""
        if not partitions:
            return partitions
        first = partitions.ranges[0][0]
        return partitions & PartitionSet.span(first, max(first, self.due_end))

    def holes_in(self, partitions: PartitionSet) -> PartitionSet:
        """Of `partitions`, which can exist, those that are due and not there."""
        return self.due_of(partitions) - self.state.present

    @property
    def is_whole(self) -> bool:
        return isinstance(self.partitioning, WholePartitioning)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What was asked for: models by how they were selected, partitions, strategy.

    `spec` None means `missing,stale`. `is_selected_by_name` is false where no -s was given.
    `missing_upstream` is `build`, `block` or None (build where selected, else block). Without
    `fills` upstream partitions are taken to be there.
    """

    named: frozenset[str]
    upstream: frozenset[str] = frozenset()
    downstream: frozenset[str] = frozenset()
    is_selected_by_name: bool = False
    spec: Spec | None = None
    strategy: Strategy | None = None
    is_strict: bool = False
    missing_upstream: str | None = None
    fills: bool = True

    @property
    def selected(self) -> frozenset[str]:
        return self.named | self.upstream | self.downstream


@dataclass(slots=True)
class Chosen:
    """The partitions chosen so far of each model, by reason: the planner's working state."""

    sets: dict[str, dict[Reason, PartitionSet]] = field(default_factory=dict)

    def add(self, model: str, reason: Reason, partitions: PartitionSet) -> None:
        if partitions:
            of_model = self.sets.setdefault(model, {})
            of_model[reason] = of_model.get(reason, PartitionSet.empty()) | partitions

    def remove(self, model: str, partitions: PartitionSet) -> None:
        for reason, chosen in self.sets.get(model, {}).items():
            self.sets[model][reason] = chosen - partitions

    def all_of(self, model: str) -> PartitionSet:
        together = PartitionSet.empty()
        for partitions in self.sets.get(model, {}).values():
            together |= partitions
        return together

    def by_reason(self, model: str) -> Mapping[Reason, PartitionSet]:
        """Disjoint: a partition with several reasons stands under the first."""
        taken = PartitionSet.empty()
        disjoint: dict[Reason, PartitionSet] = {}
        for reason in Reason:
            partitions = self.sets.get(model, {}).get(reason, PartitionSet.empty()) - taken
            if partitions:
                disjoint[reason] = partitions
                taken |= partitions
        return disjoint
