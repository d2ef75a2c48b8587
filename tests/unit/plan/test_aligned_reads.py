"""Reads of the same partition: numbered without evaluating a window, and exactly as if it were."""

from __future__ import annotations

from datetime import date

import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import Naive, TimePartitioning
from sqlbackfill.plan.reads import Horizon, ReadEdge, Reads

SHAPES = (
    TimePartitioning(grain=Grain(Unit.DAY), column_type=BoundType.DATE),
    TimePartitioning(grain=Grain(Unit.MONTH), column_type=BoundType.DATE),
    TimePartitioning(grain=Grain(Unit.WEEK), column_type=BoundType.DATE, week_start=6),
    TimePartitioning(grain=Grain(Unit.DAY, 3), column_type=BoundType.DATE, begin=date(2011, 1, 2)),
    TimePartitioning(grain=Grain(Unit.DAY, 3), column_type=BoundType.DATE, begin=date(2011, 1, 3)),
    TimePartitioning(grain=Grain(Unit.DAY), column_type=BoundType.TIMESTAMPTZ),
    TimePartitioning(
        grain=Grain(Unit.DAY), column_type=BoundType.TIMESTAMPTZ, timezone="Pacific/Apia"
    ),
    TimePartitioning(
        grain=Grain(Unit.DAY), column_type=BoundType.TIMESTAMP, timezone="Pacific/Apia"
    ),
    TimePartitioning(
        grain=Grain(Unit.DAY),
        column_type=BoundType.TIMESTAMP,
        timezone="Pacific/Apia",
        naive=Naive.LOCAL,
    ),
    TimePartitioning(grain=Grain(Unit.HOUR), column_type=BoundType.TIMESTAMP),
    TimePartitioning(
        grain=Grain(Unit.HOUR, 6), column_type=BoundType.TIMESTAMP, begin=date(2011, 1, 1)
    ),
)


def reads_of(output: TimePartitioning, source: TimePartitioning, window: ReadWindow) -> Reads:
    lo, hi = date(2011, 12, 1), date(2012, 2, 1)
    horizons = {}
    for name, partitioning in (("down", output), ("up", source)):
        first, last = (partitioning.ordinal(partitioning.column.written(day)) for day in (lo, hi))
        horizons[name] = Horizon(first, last, first, last)
    return Reads(
        partitionings={"down": output, "up": source},
        horizons=horizons,
        edges={"down": (ReadEdge("up", window),), "up": ()},
    )


@pytest.mark.parametrize("output", SHAPES, ids=lambda p: f"{p.space} {p.column_type}")
@pytest.mark.parametrize("source", SHAPES, ids=lambda p: f"{p.space} {p.column_type}")
def test_an_aligned_read_is_what_its_window_gives(
    output: TimePartitioning, source: TimePartitioning
) -> None:
    if output.column_type is not source.column_type:
        return
    reads = reads_of(output, source, ReadWindow.identity(source.column_type))
    evaluated = reads_of(output, source, ReadWindow.identity(source.column_type))
    object.__setattr__(evaluated, "_aligned", frozenset())
    horizon = reads.horizons["down"]
    middle = (horizon.start + horizon.stop) // 2
    for start in range(horizon.start - 2, horizon.stop + 2):
        partitions = PartitionSet.single(start) | PartitionSet.span(middle, middle + 2)
        for asked in (PartitionSet.single(start), partitions):
            assert reads.upstream("down", asked) == evaluated.upstream("down", asked)
    for start in range(reads.horizons["up"].start, reads.horizons["up"].stop):
        changed = PartitionSet.single(start)
        assert reads.touching("down", "up", changed) == evaluated.touching("down", "up", changed)


def test_days_of_one_calendar_are_aligned_and_days_of_a_changing_clock_are_not() -> None:
    days, apia, hours = SHAPES[0], SHAPES[6], SHAPES[9]

    def is_aligned(shape: TimePartitioning) -> bool:
        reads = reads_of(shape, shape, ReadWindow.identity(shape.column_type))
        return ("down", "up") in reads._aligned

    assert is_aligned(days)
    assert is_aligned(hours)
    assert not is_aligned(apia)
