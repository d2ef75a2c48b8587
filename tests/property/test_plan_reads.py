"""Partitions read and partitions touched, against brute force over single partitions."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import TimePartitioning
from sqlbackfill.plan.reads import Horizon, ReadEdge, Reads
from tests.unit.plan.world import window

GRAINS = ("day", "2 days", "week", "month", "quarter")


def partitioning(grain: str) -> TimePartitioning:
    return TimePartitioning(
        grain=Grain.parse(grain),
        column_type=BoundType.DATE,
        begin=date(2023, 12, 5),
        end=date(2024, 4, 20),
    )


def horizon(of: TimePartitioning) -> Horizon:
    begin, end = of.universe
    assert begin is not None
    assert end is not None
    return Horizon(begin, end, begin, end)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Reads, int | None, int | None]:
    up, down = (partitioning(draw(st.sampled_from(GRAINS))) for _ in range(2))
    first = draw(st.none() | st.integers(-40, 10))
    last = draw(st.none() | st.integers(first if first is not None else -40, 40))
    reads = Reads(
        partitionings={"up": up, "down": down},
        horizons={"up": horizon(up), "down": horizon(down)},
        edges={"up": (), "down": (ReadEdge("up", window(first, last)),)},
    )
    return reads, first, last


def brute_force(reads: Reads, first: int | None, last: int | None, ordinal: int) -> set[int]:
    """The upstream partitions that share a day with the window, day by day."""
    up, down = reads.partitionings["up"], reads.partitionings["down"]
    lo, hi = (bound.toordinal() for bound in down.bounds(ordinal))
    found = set()
    for candidate in reads.horizons["up"].partitions.ordinals():
        start, end = (bound.toordinal() for bound in up.bounds(candidate))
        after = first is None or end > lo + first
        before = last is None or start < hi + last
        if after and before and (first is None or last is None or lo + first < hi + last):
            found.add(candidate)
    return found


@given(worlds(), st.data())
def test_what_partitions_read_is_what_each_of_them_reads(world, data):
    reads, first, last = world
    all_of_them = list(reads.horizons["down"].partitions.ordinals())
    picked = data.draw(st.sets(st.sampled_from(all_of_them), max_size=4))
    together = reads.upstream("down", PartitionSet.of_ordinals(picked))["up"]
    singly = set().union(*(brute_force(reads, first, last, o) for o in picked))
    assert set(together.ordinals()) == singly


@given(worlds(), st.data())
def test_what_a_change_touches_is_what_reads_it(world, data):
    reads, first, last = world
    upstream = list(reads.horizons["up"].partitions.ordinals())
    changed = data.draw(st.sets(st.sampled_from(upstream), max_size=4))
    touched = reads.touching("down", "up", PartitionSet.of_ordinals(changed))
    expected = {
        ordinal
        for ordinal in reads.horizons["down"].partitions.ordinals()
        if brute_force(reads, first, last, ordinal) & changed
    }
    assert set(touched.ordinals()) == expected


@given(worlds(), st.data())
def test_what_waits_for_an_upstream_is_all_from_the_first_that_reads_beyond_its_end(
    world: tuple[Reads, int | None, int | None], data: st.DataObject
) -> None:
    reads, first, last = world
    up, down = reads.horizons["up"], reads.horizons["down"]
    end = data.draw(st.integers(up.start, up.stop))
    found = reads.first_beyond("down", "up", end, (down.start, down.stop))

    waiting = {
        ordinal
        for ordinal in down.partitions.ordinals()
        if last is not None and any(o >= end for o in brute_force(reads, first, last, ordinal))
    }
    assert found == min(waiting, default=found)
    assert found == down.stop or waiting
