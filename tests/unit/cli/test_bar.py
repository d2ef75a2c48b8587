"""States as a row of blocks."""

from __future__ import annotations

import pytest

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.bar import Stretch, bar, counts_bar, range_text

PLAIN = Look(unicode=False)


def test_blocks_stand_where_the_ranges_lie_in_time() -> None:
    stretches = [
        Stretch("2013-01-01", "2013-01-06", "built"),
        Stretch("2013-01-06", "2013-01-11", "missing"),
    ]
    assert bar(stretches, 10, PLAIN) == "#####....."


def test_one_bad_partition_of_a_year_is_not_lost_among_the_good_ones() -> None:
    stretches = [
        Stretch("2013-01-01", "2013-07-01", "built"),
        Stretch("2013-07-01", "2013-07-02", "failed"),
        Stretch("2013-07-02", "2014-01-01", "built"),
    ]
    assert bar(stretches, 20, PLAIN) == "#########x##########"


def test_a_block_with_several_states_shows_the_worst() -> None:
    stretches = [
        Stretch(0, 1, "missing"),
        Stretch(1, 2, "built"),
        Stretch(2, 3, "stale"),
        Stretch(3, 4, "built"),
    ]
    assert bar(stretches, 2, PLAIN) == ".~"


def test_keys_are_shared_out_by_their_number() -> None:
    assert counts_bar([("built", 3), ("missing", 1)], 8, PLAIN) == "######.."
    assert counts_bar([("built", 1000), ("missing", 1)], 8, PLAIN) == "#######."


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2013-01-01", "2013-02-01", "2013-01-01..2013-01-31"),
        ("2013-01-05", "2013-01-06", "2013-01-05"),
        ("2013-01-01T00:00:00", "2013-01-02T00:00:00", "2013-01-01"),
        ("2013-01-01T05:00:00", "2013-01-01T06:00:00", "2013-01-01T05"),
        ("2013-01-01T05:00:00", "2013-01-02T00:00:00", "2013-01-01T05..2013-01-01T23"),
        ("2013-01-01T05:15:00", "2013-01-01T05:30:00", "2013-01-01T05:15..2013-01-01T05:29"),
        (100, 200, "100..199"),
        (7, 8, "7"),
    ],
)
def test_a_half_open_range_is_named_as_one_types_it(
    start: str | int, end: str | int, text: str
) -> None:
    assert range_text(start, end) == text
