"""What the chunks of a run read, as the order of a run needs it: never less than they may see."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import replace
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.reads import Horizon, Reads
from sqlbackfill.plan.types import Plan, PlannedModel
from sqlbackfill.run.inputs import Reads as RunReads
from sqlbackfill.warehouse.protocol import TableKind


def run_reads(reads: Reads, plan: Plan, models: Mapping[str, PlannedModel]) -> RunReads:
    """The read windows of `reads`, wide enough for `plan`, and through views.

    A plan may name partitions that nobody knew of, beyond what a window without end covers by
    itself; and who reads a view reads what the view reads, at that moment.
    """
    planned: dict[str, PartitionSet] = {}
    for step in plan.steps:
        planned[step.model] = planned.get(step.model, PartitionSet.empty()) | step.partitions
    horizons = dict(reads.horizons)
    for name, partitions in planned.items():
        horizons[name] = _widened(horizons[name], partitions)
    widened = replace(reads, horizons=horizons)
    views = frozenset(name for name, model in models.items() if model.kind is TableKind.VIEW)
    if not views:
        return widened.upstream

    def through_views(model: str, partitions: PartitionSet) -> Mapping[str, PartitionSet]:
        found = widened.upstream(model, partitions)
        direct = frozenset(found)
        pending = [name for name in found if name in views and name != model]
        seen = set(pending)
        while pending:
            view = pending.pop()
            for name, window in widened.upstream(view, PartitionSet.single(0)).items():
                if name in direct:
                    continue  # it is known how much of it is read through views
                found[name] = found.get(name, PartitionSet.empty()) | window
                if name in views and name not in seen:
                    seen.add(name)
                    pending.append(name)
        return found

    return through_views


def _widened(horizon: Horizon, partitions: PartitionSet) -> Horizon:
    start, stop = partitions.first, partitions.last + 1
    if horizon.start < horizon.stop:
        start, stop = min(start, horizon.start), max(stop, horizon.stop)
    return Horizon(start, stop, horizon.begin, horizon.end)
