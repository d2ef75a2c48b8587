"""A small world of models for planner tests: daily partitions of January 2013, windows by offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlbackfill.ledger.records import Action, Island
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import TimePartitioning
from sqlbackfill.partitions.paths import DAY_US, Op, Origin, Path, Step
from sqlbackfill.plan.build import build_plan
from sqlbackfill.plan.candidates import Candidate, PlanRequest
from sqlbackfill.plan.reads import Horizon, ReadEdge, Reads
from sqlbackfill.plan.states import ModelState
from sqlbackfill.plan.types import Plan
from sqlbackfill.warehouse.protocol import Relation

AS_OF = datetime(2013, 3, 1, tzinfo=UTC)
EMPTY = PartitionSet.empty()


def days(first: int, last: int) -> PartitionSet:
    """The days of January from `first` to `last`, both included."""
    january = daily()
    start, end = (january.ordinal(date(2013, 1, day)) for day in (first, last))
    return PartitionSet.span(start, end + 1)


def daily(begin: int = 1, end: int = 31) -> TimePartitioning:
    return TimePartitioning(
        grain=Grain.parse("day"),
        column_type=BoundType.DATE,
        begin=date(2013, 1, begin),
        end=date(2013, 1, end + 1) if end < 31 else date(2013, 2, 1),
    )


def weekly() -> TimePartitioning:
    return TimePartitioning(
        grain=Grain.parse("week"),
        column_type=BoundType.DATE,
        begin=date(2013, 1, 1),
        end=date(2013, 2, 1),
    )


def window(first: int | None, last: int | None) -> ReadWindow:
    """Days from `first` to `last` relative to the output's, both included; None is unbounded."""

    def limit(origin: Origin, offset: int | None) -> tuple[tuple[Path, ...], ...] | None:
        if offset is None:
            return None
        steps = (Step(Op.SHIFT, offset * DAY_US),) if offset else ()
        return ((Path(origin, steps),),)

    return ReadWindow(
        lower=limit(Origin.LO, first),
        upper=limit(Origin.HI, last),
        column_type=BoundType.DATE,
    )


@dataclass
class World:
    """Models in topological order, what each reads, and what of each is there."""

    reads_of: Mapping[str, Mapping[str, ReadWindow | None]]
    built: Mapping[str, PartitionSet] = field(default_factory=dict)
    stale: Mapping[str, PartitionSet] = field(default_factory=dict)
    untracked: Mapping[str, PartitionSet] = field(default_factory=dict)
    allowed: tuple[str, ...] = ("range", "chunk", "partition")
    partitionings: Mapping[str, TimePartitioning] = field(default_factory=dict)
    as_of: datetime = AS_OF

    def partitioning(self, name: str) -> TimePartitioning:
        return self.partitionings.get(name, daily())

    @property
    def reads(self) -> Reads:
        horizons = {}
        for name in self.reads_of:
            begin, end = self.partitioning(name).universe
            assert begin is not None
            assert end is not None
            stop = min(end, self.partitioning(name).due_end(self.as_of))
            horizons[name] = Horizon(begin, stop, begin, end)
        return Reads(
            partitionings={name: self.partitioning(name) for name in self.reads_of},
            horizons=horizons,
            edges={
                name: tuple(ReadEdge(up, w) for up, w in sorted(ups.items()))
                for name, ups in self.reads_of.items()
            },
        )

    def candidate(self, name: str) -> Candidate:
        built, stale = self.built.get(name, EMPTY), self.stale.get(name, EMPTY)
        untracked = self.untracked.get(name, EMPTY)
        due = self.reads.horizons[name].partitions
        reads_itself = name in self.reads_of[name]
        return Candidate(
            name=name,
            partitioning=self.partitioning(name),
            state=ModelState(
                built=built,
                missing=due - built - stale - untracked,
                untracked=untracked,
                stale=stale,
                failed=EMPTY,
                causes=(),
            ),
            due_end=self.partitioning(name).due_end(self.as_of),
            fingerprint="f",
            table_identity=None,
            allowed=("partition",) if reads_itself else self.allowed,
            reads_itself=reads_itself,
        )

    def plan(self, request: PlanRequest) -> Plan:
        return build_plan(
            {name: self.candidate(name) for name in self.reads_of},
            self.reads,
            request,
            as_of=self.as_of,
            target="dev",
            digest=lambda model: f"log of {model}",
        )


def island(model: str, partitions: PartitionSet, **changes: object) -> Island:
    """A record of `partitions`, which are one range."""
    [(start, end)] = partitions.ranges
    values: dict[str, object] = {
        "relation": Relation("house", "main", model),
        "identity": "t",
        "space": daily().space,
        "start": start,
        "end": end,
        "start_key": "",
        "end_key": "",
        "model": model,
        "action": Action.BUILT,
        "run_id": "r",
        "plan_id": "p",
        "chunk": 0,
        "fingerprint": "f",
        "rows": 0,
        "finished_at": "",
        "analyser": "1",
        "seq": 1,
    }
    return Island(**{**values, **changes})  # type: ignore[arg-type]


def chosen(plan: Plan) -> dict[tuple[str, str], PartitionSet]:
    """The partitions of a plan by (model, reason)."""
    return {(step.model, step.reason.value): step.partitions for step in plan.steps}
