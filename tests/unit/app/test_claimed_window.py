"""The windows that an author's override describes, by the values that they come to."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from sqlbackfill.app.claimed_window import NoSuchWindow, claimed_window
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.project.config import OverrideKind, ReadOverride
from sqlbackfill.query.facts import PartitionInfo

DAILY = PartitionInfo(column="day", grain="day")
DATE, ZONED, INTEGER, TEXT = (
    BoundType.DATE,
    BoundType.TIMESTAMPTZ,
    BoundType.INTEGER,
    BoundType.TEXT,
)


def override(
    start: int = 0,
    end: int = 0,
    *,
    kind: OverrideKind = OverrideKind.WINDOW,
    grain: str | None = None,
) -> ReadOverride:
    return ReadOverride(
        kind=kind,
        reason="so it is",
        start_offset=start,
        end_offset=end,
        grain=Grain.parse(grain) if grain else None,
    )


def test_days_around_a_day_count_both_ends() -> None:
    window = claimed_window(override(-6, 1), DAILY, DATE, DATE, None)

    assert window.evaluate(date(2024, 3, 3), date(2024, 3, 4)) == Interval(
        date(2024, 2, 26), date(2024, 3, 5)
    )


def test_a_coarser_grain_widens_the_partition_to_whole_units_first() -> None:
    window = claimed_window(override(-1, 0, grain="month"), DAILY, DATE, DATE, None)

    assert window.evaluate(date(2024, 3, 31), date(2024, 4, 1)) == Interval(
        date(2024, 2, 1), date(2024, 4, 1)
    )


def test_a_grain_of_several_units_is_never_narrower_than_one_that_is_aligned_anyhow() -> None:
    window = claimed_window(override(grain="2 weeks"), DAILY, DATE, DATE, None)

    assert window.evaluate(date(2024, 3, 6), date(2024, 3, 7)) == Interval(
        date(2024, 2, 26), date(2024, 3, 18)
    )


def test_weeks_that_begin_on_another_day_are_padded() -> None:
    sundays = PartitionInfo(column="day", grain="day", week_start=6)
    window = claimed_window(override(grain="week"), sundays, DATE, DATE, None)
    interval = window.evaluate(date(2024, 3, 6), date(2024, 3, 7))

    assert interval.lo is not None
    assert interval.lo <= date(2024, 3, 3)  # type: ignore[operator]  # a date
    assert interval.hi is not None
    assert interval.hi >= date(2024, 3, 10)  # type: ignore[operator]  # a date


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OverrideKind.PAST, Interval(None, date(2024, 3, 4))),
        (OverrideKind.FUTURE, Interval(date(2024, 3, 3), None)),
    ],
)
def test_past_and_future_are_open_on_one_side(kind: OverrideKind, expected: Interval) -> None:
    window = claimed_window(override(kind=kind), DAILY, DATE, DATE, None)

    assert window.evaluate(date(2024, 3, 3), date(2024, 3, 4)) == expected


def test_days_of_a_zone_are_instants_of_an_input_also_over_a_change_of_the_clock() -> None:
    local = PartitionInfo(column="day", grain="day", timezone="America/New_York")
    window = claimed_window(override(-1, 0), local, DATE, ZONED, None)

    assert window.evaluate(date(2013, 3, 11), date(2013, 3, 12)) == Interval(
        datetime(2013, 3, 10, 5, tzinfo=UTC), datetime(2013, 3, 12, 4, tzinfo=UTC)
    )


def test_the_zone_of_the_input_serves_where_the_model_has_none() -> None:
    source = PartitionInfo(column="ts", grain="day", timezone="America/New_York")
    window = claimed_window(override(), DAILY, DATE, ZONED, source)

    assert window.evaluate(date(2013, 1, 5), date(2013, 1, 6)) == Interval(
        datetime(2013, 1, 5, 5, tzinfo=UTC), datetime(2013, 1, 6, 5, tzinfo=UTC)
    )


def test_civil_days_between_two_columns_of_instants_keep_to_the_clock() -> None:
    local = PartitionInfo(column="ts", grain="day", timezone="America/New_York")
    window = claimed_window(override(-1, 0), local, ZONED, ZONED, local)
    start, end = datetime(2013, 3, 11, 4, tzinfo=UTC), datetime(2013, 3, 12, 4, tzinfo=UTC)

    assert window.evaluate(start, end) == Interval(datetime(2013, 3, 10, 5, tzinfo=UTC), end)


def test_hours_between_two_columns_of_instants_are_elapsed_time() -> None:
    local = PartitionInfo(column="ts", grain="hour", timezone="America/New_York")
    window = claimed_window(override(-2, 0), local, ZONED, ZONED, local)
    start, end = datetime(2013, 3, 10, 7, tzinfo=UTC), datetime(2013, 3, 10, 8, tzinfo=UTC)

    assert window.evaluate(start, end) == Interval(datetime(2013, 3, 10, 5, tzinfo=UTC), end)


def test_integers_count_in_the_size_of_a_partition() -> None:
    blocks = PartitionInfo(column="block", grain="100")
    window = claimed_window(override(-2, 0), blocks, INTEGER, INTEGER, None)

    assert window.evaluate(500, 600) == Interval(300, 600)


def test_a_key_reads_its_own_key_or_says_why_not() -> None:
    keys = PartitionInfo(column="region", grain="keys")

    assert claimed_window(override(), keys, TEXT, TEXT, None).is_identity
    with pytest.raises(NoSuchWindow, match="neither an order"):
        claimed_window(override(-1, 0), keys, TEXT, TEXT, None)


def test_dates_and_numbers_do_not_count_one_another() -> None:
    with pytest.raises(NoSuchWindow, match="do not count"):
        claimed_window(override(), DAILY, DATE, INTEGER, None)
