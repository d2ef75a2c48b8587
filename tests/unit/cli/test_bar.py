"""States as a row of blocks."""

from __future__ import annotations

from sqlbackfill.cli.output import Look
from sqlbackfill.cli.show.bar import Stretch, bar, counts_bar

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
