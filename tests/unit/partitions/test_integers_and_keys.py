from datetime import UTC, datetime

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import IntegerPartitioning, StaticPartitioning

NOW = datetime(2013, 1, 1, tzinfo=UTC)
REGIONS = StaticPartitioning(("eu", "us", "a,b", "all", ""))


def test_integers_are_cut_from_begin():
    blocks = IntegerPartitioning(size=100, begin=50, end=301)
    assert blocks.bounds(blocks.ordinal(149)) == (50, 150)
    assert blocks.universe == (0, 3)
    assert blocks.span_bounds(*blocks.universe) == (50, 350)
    assert blocks.ordinal(-51) == -2


def test_integers_that_overlap_a_window_are_found():
    blocks = IntegerPartitioning(size=100, begin=0, end=1000)
    assert blocks.overlapping(99, 101).ranges == ((0, 2),)
    assert blocks.overlapping(99, 100).ranges == ((0, 1),)
    assert blocks.overlapping(None, 100).ranges == ((0, 1),)
    assert blocks.overlapping(950, None).ranges == ((9, 10),)
    assert blocks.overlapping(5, 5) == PartitionSet.empty()


def test_integers_do_not_wait_for_a_clock():
    assert IntegerPartitioning().due_end(NOW) is None
    assert IntegerPartitioning().current(NOW) is None


def test_integers_have_their_number_for_key_and_label():
    blocks = IntegerPartitioning(size=100, begin=0)
    assert blocks.record_key(-1) == "-100"
    assert blocks.ordinal_of_key("-100") == -1
    assert blocks.ordinal_of_key("150") is None
    assert blocks.ordinal_of_key("x") is None
    assert blocks.label(1) == "100..199"
    assert IntegerPartitioning().label(7) == "7"
    assert blocks.label_set(PartitionSet.of([(0, 2), (5, 6)])) == "0..199,500..599"
    assert blocks.json_ranges(PartitionSet.span(0, 2)) == [{"start": 0, "end": 200}]


def test_only_the_phase_of_begin_makes_another_space():
    assert IntegerPartitioning(size=100, begin=100).space == IntegerPartitioning(size=100).space
    assert IntegerPartitioning(size=100, begin=50).space != IntegerPartitioning(size=100).space


@pytest.mark.parametrize("begin", [None, 0, 300, -700])
def test_an_integer_s_partition_has_one_ordinal_in_every_list_of_the_same_space(begin):
    blocks = IntegerPartitioning(size=100, begin=begin)
    assert blocks.space == IntegerPartitioning(size=100).space
    assert (blocks.ordinal(1234), blocks.bounds(12)) == (12, (1200, 1300))
    assert blocks.universe[0] == (None if begin is None else begin // 100)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [({"size": 0}, "INVALID_PARTITIONING"), ({"begin": 5, "end": 5}, "END_BEFORE_BEGIN")],
)
def test_integers_that_cannot_be_cut_are_a_project_error(arguments, code):
    with pytest.raises(ProjectError) as caught:
        IntegerPartitioning(**arguments)
    assert caught.value.diagnostics[0].code == code


def test_keys_stand_in_the_order_of_the_list():
    some = PartitionSet.of([(0, 1), (2, 4)])
    assert REGIONS.keys_of(some) == ("eu", "a,b", "all")
    assert REGIONS.json_ranges(some) == [{"key": "eu"}, {"key": "a,b"}, {"key": "all"}]
    assert REGIONS.of_keys(["all", "eu", "elsewhere"]) == PartitionSet.of([(0, 1), (3, 4)])


def test_keys_that_hold_grammar_are_quoted():
    everything = PartitionSet.span(*REGIONS.universe)
    assert REGIONS.label_set(everything) == "eu,us,'a,b','all',''"


def test_a_key_reaches_only_itself_and_any_other_window_reaches_all():
    assert REGIONS.overlapping("us", "us").ranges == ((1, 2),)
    assert REGIONS.overlapping("eu", "us").ranges == ((0, 5),)
    assert REGIONS.overlapping(None, None, until=2).ranges == ((0, 2),)
    assert REGIONS.overlapping("elsewhere", "elsewhere") == PartitionSet.empty()


def test_a_list_without_keys_or_with_one_twice_is_a_project_error():
    with pytest.raises(ProjectError, match="no key"):
        StaticPartitioning(())
    with pytest.raises(ProjectError, match="`b` is listed twice"):
        StaticPartitioning(("a", "b", "b"))


def test_a_number_is_no_key_and_a_key_no_number():
    with pytest.raises(TypeError):
        IntegerPartitioning().ordinal("7")
    with pytest.raises(KeyError):
        REGIONS.ordinal("elsewhere")
