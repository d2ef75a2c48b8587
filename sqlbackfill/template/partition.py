"""`partition` as templates see it: symbolic in analysis, the query's own window in a run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final

from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.template.failures import TemplateFailure
from sqlbackfill.template.relations import native
from sqlbackfill.template.symbolic import SymbolicBound, Uses
from sqlbackfill.template.types import PartitionNames, RunWindow

_UNKNOWN: Final = PartitionNames(column="", grain="day", sample=date(2013, 1, 1))


class SymbolicPartition:
    """`partition` in analysis."""

    shown: Final = "partition"

    def __init__(self, names: PartitionNames | None, uses: Uses) -> None:
        names = names or _UNKNOWN
        sample = _sample(names)
        self.grain = names.grain
        self.start = SymbolicBound("start", sample, uses)
        self.end = SymbolicBound("end", sample, uses)
        self.key = SymbolicBound("key", str(sample), uses)


def _sample(names: PartitionNames) -> object:
    sample = names.sample
    match names.type:
        case BoundType.TIMESTAMP | BoundType.TIMESTAMPTZ if not isinstance(sample, datetime):
            moment = sample if isinstance(sample, date) else date(2013, 1, 1)
            sample = datetime.combine(moment, time(), UTC)
        case BoundType.INTEGER if not isinstance(sample, int):
            sample = 0
        case BoundType.TEXT if not isinstance(sample, str):
            sample = str(sample)
        case _:
            pass
    return native(sample, names.type) if names.type else sample


class RunPartition:
    """`partition` in a run. Without a window every bound is an error."""

    shown: Final = "partition"

    def __init__(self, model: str, names: PartitionNames | None, window: RunWindow | None) -> None:
        self._model = model
        self._window = window
        self.grain = names.grain if names else None

    @property
    def start(self) -> object:
        window = self._needed("start")
        return _closed(window.start, window, "start")

    @property
    def end(self) -> object:
        window = self._needed("end")
        return _closed(window.end, window, "end")

    @property
    def key(self) -> str:
        key = self._needed("key").key
        if key is None:
            raise TemplateFailure(
                "PARTITION_KEY_IN_CHUNK",
                "`partition.key` was asked for in a query that computes several partitions",
                fix="use `partition.start` and `partition.end`, or run it with --strategy partition",
            )
        return key

    def _needed(self, name: str) -> RunWindow:
        if self._window is None:
            raise no_partition(self._model, f"partition.{name}")
        return self._window


def _closed(bound: Bound | None, window: RunWindow, name: str) -> object:
    if bound is None:
        raise TemplateFailure(
            "NO_BOUND",
            f"`partition.{name}` was asked for in a query that has none on that side",
            fix="use `partition.key`"
            if window.keys is not None
            else "give the model begin and end",
        )
    return native(bound, window.type)


def no_partition(model: str, used: str) -> TemplateFailure:
    """The failure of a model that uses its partition and has none."""
    return TemplateFailure(
        "NO_PARTITION",
        f"`{used}` has no meaning here: `{model}` is not partitioned",
        fix="make it incremental and set event_time, or take the bound away",
    )
