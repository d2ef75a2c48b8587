"""The algebra of partition sets against Python's own sets."""

from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.partition_set import PartitionSet

ranges = st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), max_size=8)


def points(some):
    return {o for start, end in some for o in range(start, end)}


@given(ranges, ranges)
def test_sets_behave_as_sets(left, right):
    a, b = PartitionSet.of(left), PartitionSet.of(right)
    x, y = points(left), points(right)
    assert set((a | b).ordinals()) == x | y
    assert set((a & b).ordinals()) == x & y
    assert set((a - b).ordinals()) == x - y
    assert a.covers(b) == (x >= y)
    assert bool(a) == bool(x)
    assert len(a) == len(x)


@given(ranges, ranges)
def test_every_result_has_one_form(left, right):
    a, b = PartitionSet.of(left), PartitionSet.of(right)
    for some in (a | b, a & b, a - b):
        assert some == PartitionSet.of_ordinals(some.ordinals())


@given(ranges, st.integers(-32, 32))
def test_membership_is_that_of_the_set(some, ordinal):
    chosen = PartitionSet.of(some)
    assert (ordinal in chosen) == chosen.contains(ordinal) == (ordinal in points(some))
    if chosen:
        assert (chosen.first, chosen.last) == (min(points(some)), max(points(some)))


@given(ranges, st.integers(1, 12))
def test_chunks_partition_the_set_and_never_bridge_a_gap(some, count):
    chosen = PartitionSet.of(some)
    chunks = chosen.chunks(count)
    assert [o for chunk in chunks for o in range(*chunk)] == list(chosen.ordinals())
    starts = {start for start, _ in chosen.ranges}
    ends = {end for _, end in chosen.ranges}
    for start, end in chunks:
        assert any(lo <= start and end <= hi for lo, hi in chosen.ranges)
        assert end - start == count or end in ends
        run = max(s for s in starts if s <= start)
        assert (start - run) % count == 0
