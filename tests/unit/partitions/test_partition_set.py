import pytest

from sqlbackfill.partitions.partition_set import PartitionSet


def test_ranges_that_touch_or_overlap_become_one():
    assert PartitionSet.of([(5, 7), (0, 2), (2, 3), (6, 9), (4, 4)]).ranges == ((0, 3), (5, 9))


@pytest.mark.parametrize("ranges", [((0, 2), (2, 3)), ((5, 6), (0, 1)), ((1, 1),), ((2, 1),)])
def test_ranges_that_are_not_merged_are_refused(ranges):
    with pytest.raises(ValueError, match="merged"):
        PartitionSet(ranges)


def test_the_empty_set_is_false_and_has_no_ends():
    assert not PartitionSet.empty()
    assert PartitionSet.span(3, 3) == PartitionSet.empty()
    with pytest.raises(ValueError, match="no first"):
        _ = PartitionSet.empty().first
    with pytest.raises(ValueError, match="no last"):
        _ = PartitionSet.empty().last


def test_the_ends_are_both_included():
    both = PartitionSet.of([(3, 5), (8, 10)])
    assert (both.first, both.last, len(both)) == (3, 9, 4)


def test_chunks_count_from_the_start_of_each_run_and_never_bridge_a_gap():
    days = PartitionSet.of([(0, 5), (6, 12)])
    assert days.chunks(4) == ((0, 4), (4, 5), (6, 10), (10, 12))
    assert days.chunks(1) == tuple((o, o + 1) for o in days.ordinals())
    with pytest.raises(ValueError, match="at least one"):
        days.chunks(0)


def test_a_set_covers_its_parts_only():
    whole = PartitionSet.of([(0, 5), (6, 12)])
    assert whole.covers(PartitionSet.of([(1, 3), (11, 12)]))
    assert not whole.covers(PartitionSet.span(4, 7))


def test_ten_years_of_hours_stay_one_range_through_every_operation():
    hours = 10 * 365 * 24
    history = PartitionSet.span(0, hours)
    holed = history - PartitionSet.single(hours // 2)
    assert len(history.ranges) == 1
    assert len(holed.ranges) == 2
    assert (holed | PartitionSet.single(hours // 2)).ranges == history.ranges
    assert len((holed & PartitionSet.span(hours // 3, hours)).ranges) == 2
    assert len(holed) == hours - 1
