from datetime import UTC, datetime

import pytest

from sqlbackfill.partitions.zones import (
    first_instant,
    local_reading,
    occurrences,
    settled_reading,
    zone_named,
)

NEW_YORK = zone_named("America/New_York")
LORD_HOWE = zone_named("Australia/Lord_Howe")


def utc(*fields):
    return datetime(*fields, tzinfo=UTC)


def test_a_reading_that_comes_once_is_one_span():
    assert occurrences(utc(2013, 1, 5, 3), utc(2013, 1, 5, 4), NEW_YORK) == (
        (utc(2013, 1, 5, 8), utc(2013, 1, 5, 9)),
    )


def test_an_hour_that_comes_twice_is_two_hours_on_end():
    assert occurrences(utc(2013, 11, 3, 1), utc(2013, 11, 3, 2), NEW_YORK) == (
        (utc(2013, 11, 3, 5), utc(2013, 11, 3, 7)),
    )


def test_a_minute_that_comes_twice_is_two_minutes_an_hour_apart():
    assert occurrences(utc(2013, 11, 3, 1, 15), utc(2013, 11, 3, 1, 16), NEW_YORK) == (
        (utc(2013, 11, 3, 5, 15), utc(2013, 11, 3, 5, 16)),
        (utc(2013, 11, 3, 6, 15), utc(2013, 11, 3, 6, 16)),
    )


def test_an_hour_that_is_skipped_never_comes():
    assert occurrences(utc(2013, 3, 10, 2), utc(2013, 3, 10, 3), NEW_YORK) == ()


def test_half_an_hour_may_be_skipped_or_repeated():
    skipped = occurrences(utc(2013, 10, 6, 2), utc(2013, 10, 6, 3), LORD_HOWE)
    assert skipped == ((utc(2013, 10, 5, 15, 30), utc(2013, 10, 5, 16)),)
    repeated = occurrences(utc(2013, 4, 7, 1), utc(2013, 4, 7, 2), LORD_HOWE)
    assert repeated == ((utc(2013, 4, 6, 14), utc(2013, 4, 6, 15, 30)),)


def test_of_an_hour_that_is_skipped_in_part_the_rest_comes():
    newfoundland = zone_named("America/St_Johns")
    # At 00:01 on 2006-04-02 the clock went forward to 01:01.
    assert occurrences(utc(2006, 4, 2), utc(2006, 4, 2, 1), newfoundland) == (
        (utc(2006, 4, 2, 3, 30), utc(2006, 4, 2, 3, 31)),
    )


def test_a_skipped_reading_stands_for_the_jump():
    assert first_instant(utc(2013, 3, 10, 2, 20), NEW_YORK) == utc(2013, 3, 10, 7)
    assert first_instant(utc(2013, 11, 3, 1, 20), NEW_YORK) == utc(2013, 11, 3, 5, 20)


@pytest.mark.parametrize(
    ("instant", "settled"),
    [
        (utc(2013, 11, 3, 4, 59), utc(2013, 11, 3, 0, 59)),
        (utc(2013, 11, 3, 5, 0), utc(2013, 11, 3, 1)),
        (utc(2013, 11, 3, 5, 59, 59, 5), utc(2013, 11, 3, 1)),
        (utc(2013, 11, 3, 6, 10), utc(2013, 11, 3, 1, 10)),
        (utc(2013, 3, 10, 7), utc(2013, 3, 10, 3)),
    ],
)
def test_a_reading_is_settled_once_the_clock_will_not_go_behind_it(instant, settled):
    assert settled_reading(instant, NEW_YORK) == settled


def test_readings_are_tagged_utc():
    assert local_reading(utc(2013, 1, 1), NEW_YORK) == utc(2012, 12, 31, 19)
