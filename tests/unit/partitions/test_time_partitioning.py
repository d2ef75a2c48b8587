from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType, read_moment
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Naive, TimePartitioning

NEW_YORK = "America/New_York"


def time(grain="day", column_type=BoundType.DATE, **more):
    return TimePartitioning(grain=Grain.parse(grain), column_type=column_type, **more)


def utc(*fields):
    return datetime(*fields, tzinfo=UTC)


def year(grain="day", column_type=BoundType.DATE, **more):
    return time(grain, column_type, **{"begin": date(2013, 1, 1), "end": date(2014, 1, 1)} | more)


def test_a_day_of_a_zoned_column_lasts_from_local_midnight_to_local_midnight():
    days = time(column_type=BoundType.TIMESTAMPTZ, timezone=NEW_YORK)
    assert days.bounds(days.ordinal(utc(2013, 1, 5, 4, 59))) == (
        utc(2013, 1, 4, 5),
        utc(2013, 1, 5, 5),
    )
    spring = days.bounds(days.ordinal(utc(2013, 3, 10, 12)))
    autumn = days.bounds(days.ordinal(utc(2013, 11, 3, 12)))
    assert [hi - lo for lo, hi in (spring, autumn)] == [timedelta(hours=23), timedelta(hours=25)]


def test_a_timestamp_without_zone_is_utc_unless_it_is_said_to_be_local():
    as_utc = time(column_type=BoundType.TIMESTAMP, timezone=NEW_YORK)
    local = time(column_type=BoundType.TIMESTAMP, timezone=NEW_YORK, naive=Naive.LOCAL)
    noon = utc(2013, 3, 10, 12)
    assert as_utc.bounds(as_utc.ordinal(noon)) == (utc(2013, 3, 10, 5), utc(2013, 3, 11, 4))
    assert local.bounds(local.ordinal(noon)) == (utc(2013, 3, 10), utc(2013, 3, 11))


def test_dates_are_cut_on_the_calendar_whatever_the_zone():
    days = time(timezone="Pacific/Auckland")
    assert days.bounds(days.ordinal(date(2012, 2, 29))) == (date(2012, 2, 29), date(2012, 3, 1))


@pytest.mark.parametrize(
    ("week_start", "first_day"),
    [(0, date(2013, 1, 7)), (6, date(2013, 1, 6)), (5, date(2013, 1, 12))],
)
def test_weeks_start_on_the_day_that_is_set(week_start, first_day):
    weeks = time("week", week_start=week_start)
    assert weeks.bounds(weeks.ordinal(date(2013, 1, 12)))[0] == first_day


def test_the_first_partition_holds_begin_and_the_last_the_instant_before_end():
    weeks = year("week")
    assert weeks.bounds(weeks.universe[0])[0] == date(2012, 12, 31)
    assert weeks.bounds(weeks.universe[1] - 1) == (date(2013, 12, 30), date(2014, 1, 6))
    to_sunday = year("week", end=date(2013, 12, 30))
    assert to_sunday.universe[1] == weeks.universe[1] - 1


def test_an_end_inside_a_day_belongs_to_that_day():
    assert (
        time(end=read_moment("2014-01-01T06:00")).universe[1]
        == time(end=date(2014, 1, 2)).universe[1]
    )
    assert time(end=read_moment("2014-01-01T00:00")).universe == time(end=date(2014, 1, 1)).universe


def test_begin_without_an_offset_is_civil_time_and_with_one_an_instant():
    zoned = {"grain": "hour", "column_type": BoundType.TIMESTAMPTZ, "timezone": NEW_YORK}
    civil = time(**zoned, begin=read_moment("2013-01-01T03:00"))
    same = time(**zoned, begin=datetime(2013, 1, 1, 3, tzinfo=timezone(timedelta(hours=-5))))
    assert civil.bounds(civil.universe[0])[0] == utc(2013, 1, 1, 8)
    assert civil.universe == same.universe
    dated = time(timezone=NEW_YORK, begin=utc(2013, 1, 1, 3))
    assert dated.bounds(dated.universe[0])[0] == date(2012, 12, 31)


def test_grains_of_several_units_count_from_begin():
    hours = time("6 hours", BoundType.TIMESTAMPTZ, begin=read_moment("2013-01-01T04:00"))
    assert hours.bounds(hours.ordinal(utc(2013, 1, 1, 9, 59)))[0] == utc(2013, 1, 1, 4)
    months = time("2 months", begin=date(2013, 2, 10))
    assert months.bounds(months.ordinal(date(2013, 3, 31))) == (date(2013, 2, 1), date(2013, 4, 1))
    days = time("10 days", begin=date(2013, 1, 5))
    assert days.bounds(days.universe[0]) == (date(2013, 1, 5), date(2013, 1, 15))


def test_moving_begin_by_whole_partitions_keeps_the_space_and_the_ordinals():
    first, later = (time("10 days", begin=date(2013, 1, day)) for day in (5, 25))
    assert first.space == later.space
    assert first.ordinal(date(2013, 3, 1)) == later.ordinal(date(2013, 3, 1))
    assert first.space != time("10 days", begin=date(2013, 1, 6)).space


def test_grain_zone_and_week_start_make_another_space():
    zoned = {"column_type": BoundType.TIMESTAMPTZ, "timezone": NEW_YORK}
    some = (
        year("day", **zoned),
        year("hour", **zoned),
        year("week", **zoned),
        year("week", **zoned, week_start=6),
        year("day", BoundType.TIMESTAMPTZ),
        year("day"),
    )
    assert len({partitioning.space for partitioning in some}) == len(some)


def test_hours_start_where_the_clock_starts_them():
    kolkata = time("hour", BoundType.TIMESTAMPTZ, timezone="Asia/Kolkata")
    assert kolkata.bounds(kolkata.ordinal(utc(2013, 1, 1)))[0] == utc(2012, 12, 31, 23, 30)


def test_a_partition_is_due_when_its_last_moment_has_passed():
    days = time(column_type=BoundType.TIMESTAMPTZ, timezone=NEW_YORK)
    fifth = days.ordinal(utc(2013, 1, 5, 12))
    assert days.due_end(utc(2013, 1, 6, 4, 59)) == fifth
    assert days.due_end(utc(2013, 1, 6, 5)) == fifth + 1
    assert days.current(utc(2013, 1, 6, 4, 59)) == fifth


def test_dates_are_over_at_the_midnight_of_their_zone():
    days = time(timezone=NEW_YORK)
    fifth = days.ordinal(date(2013, 1, 5))
    assert days.due_end(utc(2013, 1, 6, 4, 59)) == fifth
    assert days.due_end(utc(2013, 1, 6, 5)) == fifth + 1


def test_local_time_that_will_be_repeated_is_not_over_yet():
    quarters = time(
        "15 minutes",
        BoundType.TIMESTAMP,
        timezone=NEW_YORK,
        naive=Naive.LOCAL,
        begin=date(2013, 1, 1),
    )
    one_o_clock = quarters.ordinal(utc(2013, 11, 3, 1))
    first_time, second_time = utc(2013, 11, 3, 5, 50), utc(2013, 11, 3, 6, 50)
    assert quarters.current(first_time) == quarters.current(second_time) == one_o_clock + 3
    assert quarters.due_end(first_time) == one_o_clock
    assert quarters.due_end(second_time) == one_o_clock + 3


def test_a_midnight_that_does_not_exist_starts_its_day_at_the_jump():
    days = time(column_type=BoundType.TIMESTAMPTZ, timezone="America/Sao_Paulo")
    lo, hi = days.bounds(days.ordinal(utc(2013, 10, 20, 12)))
    assert (lo, hi) == (utc(2013, 10, 20, 3), utc(2013, 10, 21, 2))


def test_a_midnight_that_comes_twice_starts_its_day_the_first_time():
    days = time(column_type=BoundType.TIMESTAMPTZ, timezone="America/St_Johns")
    # At 00:01 on 2006-10-29 the clock went back to 23:01.
    lo, hi = days.bounds(days.ordinal(utc(2006, 10, 29, 12)))
    assert lo == utc(2006, 10, 29, 2, 30)
    assert days.ordinal(utc(2006, 10, 29, 3)) == days.ordinal(lo)
    assert hi - lo == timedelta(hours=25)


def test_a_day_that_a_zone_skipped_has_a_name_of_its_own_and_no_rows():
    days = time(column_type=BoundType.TIMESTAMPTZ, timezone="Pacific/Apia")
    skipped = days.ordinal(utc(2011, 12, 30, 9)) + 1
    assert days.record_key(skipped) == "2011-12-30"
    assert days.ordinal_of_key("2011-12-30") == skipped
    lo, hi = days.bounds(skipped)
    assert lo == hi


@pytest.mark.parametrize(
    ("text", "grain", "column_type"),
    [
        ("2013-01-02", "week", BoundType.DATE),
        ("2013-01-05T00:00:00", "day", BoundType.DATE),
        ("2013-01-05T00:30:00+00:00", "hour", BoundType.TIMESTAMPTZ),
        ("2013-01-05T00:00:00", "hour", BoundType.TIMESTAMPTZ),
        ("eu", "day", BoundType.DATE),
        ("", "hour", BoundType.TIMESTAMP),
    ],
)
def test_a_key_of_another_space_is_no_partition(text, grain, column_type):
    assert time(grain, column_type).ordinal_of_key(text) is None


def test_partitions_that_overlap_a_window_are_found_and_clipped():
    weeks = year("week")
    first = weeks.universe[0]
    assert weeks.overlapping(date(2013, 1, 6), date(2013, 1, 8)).ranges == ((first, first + 2),)
    assert weeks.overlapping(date(2013, 1, 6), date(2013, 1, 7)).ranges == ((first, first + 1),)
    assert weeks.overlapping(date(2012, 1, 1), date(2012, 12, 31)) == PartitionSet.empty()
    assert weeks.overlapping(date(2013, 1, 7), date(2013, 1, 7)) == PartitionSet.empty()
    assert weeks.overlapping(None, None) == PartitionSet.span(*weeks.universe)
    assert weeks.overlapping(None, None, until=first + 3).ranges == ((first, first + 3),)
    assert weeks.overlapping(None, None, since=first + 3).first == first + 3


def test_a_window_of_datetimes_over_dates_takes_every_date_that_it_touches():
    days = time()
    touched = days.overlapping(utc(2013, 1, 5, 23), utc(2013, 1, 6, 0, 0, 1))
    assert days.label_set(touched) == "2013-01-05..2013-01-06"
    assert days.label_set(days.overlapping(utc(2013, 1, 5), utc(2013, 1, 6))) == "2013-01-05"


def test_a_window_without_bounds_needs_a_universe():
    with pytest.raises(ValueError, match="since"):
        time().overlapping(None, date(2013, 1, 1))
    with pytest.raises(ValueError, match="until"):
        time().overlapping(date(2013, 1, 1), None)


def test_json_gives_merged_half_open_ranges():
    days = year()
    first = days.universe[0]
    chosen = PartitionSet.of([(first, first + 2), (first + 5, first + 6)])
    assert days.json_ranges(chosen) == [
        {"start": "2013-01-01", "end": "2013-01-03"},
        {"start": "2013-01-06", "end": "2013-01-07"},
    ]
    assert days.label_set(chosen) == "2013-01-01..2013-01-02,2013-01-06"


@pytest.mark.parametrize(
    ("grain", "label", "label_set"),
    [
        ("day", "2013-05-06", "2013-05-06"),
        ("week", "2013-05-06", "2013-05-06"),
        ("month", "2013-05", "2013-05..2013-05"),
        ("quarter", "2013-Q2", "2013-Q2..2013-Q2"),
        ("year", "2013", "2013..2013"),
        ("3 months", "2013-04", "2013-04..2013-04"),
    ],
)
def test_a_partition_is_named_in_the_words_of_its_grain(grain, label, label_set):
    some = year(grain)
    ordinal = some.ordinal(date(2013, 5, 6))
    assert some.label(ordinal) == label
    assert some.label_set(PartitionSet.single(ordinal)) == label_set


@pytest.mark.parametrize(
    ("instant", "label"),
    [
        (utc(2013, 1, 5, 8), "2013-01-05T03"),
        (utc(2013, 11, 3, 4), "2013-11-03T00"),
        (utc(2013, 11, 3, 5), "2013-11-03T01-04:00"),
        (utc(2013, 11, 3, 6), "2013-11-03T01-05:00"),
        (utc(2013, 3, 10, 7), "2013-03-10T03"),
    ],
)
def test_an_hour_that_comes_twice_is_named_with_its_offset(instant, label):
    hours = time("hour", BoundType.TIMESTAMPTZ, timezone=NEW_YORK)
    assert hours.label(hours.ordinal(instant)) == label


def test_calendar_cuts_follow_each_run():
    days = year()
    first = days.universe[0]
    january, jan_and_feb = (
        PartitionSet.span(first, first + 31),
        PartitionSet.span(first + 10, first + 40),
    )
    assert days.calendar_cuts(january, "month") == ((first, first + 31),)
    assert days.calendar_cuts(jan_and_feb, "month") == (
        (first + 10, first + 31),
        (first + 31, first + 40),
    )
    assert len(days.calendar_cuts(PartitionSet.span(*days.universe), "quarter")) == 4
    assert days.calendar_cuts(january, "week")[0] == (first, first + 6)
    holed = january - PartitionSet.single(first + 3)
    assert days.calendar_cuts(holed, "year") == ((first, first + 3), (first + 4, first + 31))


def test_a_week_belongs_to_the_month_in_which_it_starts():
    weeks = year("week")
    cuts = weeks.calendar_cuts(PartitionSet.span(*weeks.universe), "month")
    assert weeks.label_set(PartitionSet.span(*cuts[1])) == "2013-01-07..2013-01-28"


def test_hours_are_cut_at_local_midnights():
    hours = year("hour", BoundType.TIMESTAMPTZ, timezone=NEW_YORK)
    cuts = hours.calendar_cuts(PartitionSet.span(*hours.universe), "month")
    assert [hours.label(start) for start, _ in cuts] == [f"2013-{m:02}-01T00" for m in range(1, 13)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"grain": "hour"}, "GRAIN_TOO_FINE"),
        ({"grain": "2 days"}, "GRAIN_NEEDS_BEGIN"),
        ({"timezone": "America/NewYork"}, "UNKNOWN_TIMEZONE"),
        ({"timezone": "../etc/passwd"}, "UNKNOWN_TIMEZONE"),
        ({"begin": date(2014, 1, 1), "end": date(2014, 1, 1)}, "END_BEFORE_BEGIN"),
        ({"column_type": BoundType.INTEGER}, "INVALID_PARTITIONING"),
        ({"end": date(9999, 12, 31)}, "INVALID_PARTITIONING"),
    ],
)
def test_what_cannot_be_cut_is_a_project_error(arguments, code):
    with pytest.raises(ProjectError) as caught:
        time(**arguments)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_misspelt_zone_is_suggested():
    with pytest.raises(ProjectError, match="did you mean `America/New_York`"):
        time(timezone="America/NewYork")


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ProjectError) as caught:
        time("2 hours", end=date(9999, 12, 31))
    codes = [d.code for d in caught.value.diagnostics]
    assert codes == ["GRAIN_TOO_FINE", "GRAIN_NEEDS_BEGIN", "INVALID_PARTITIONING"]


def test_naive_datetimes_and_numbers_are_no_bounds():
    for wrong in (read_moment("2013-01-01T00:00"), 7, "2013-01-01"):
        with pytest.raises(TypeError):
            time(column_type=BoundType.TIMESTAMP).ordinal(wrong)


def test_hours_that_begin_long_ago_start_on_the_hours_of_today():
    hours = time("hour", BoundType.TIMESTAMPTZ, timezone=NEW_YORK, begin=date(1850, 1, 1))
    assert hours.bounds(hours.ordinal(utc(2013, 1, 1)))[0] == utc(2013, 1, 1)
    odd = hours.ordinal(utc(1860, 1, 1))
    assert hours.label(odd) == "1860-01-01T00:00:00Z"


@pytest.mark.parametrize("column_type", [BoundType.DATE, BoundType.TIMESTAMPTZ])
def test_now_has_a_zone(column_type):
    days, naive = time(column_type=column_type), read_moment("2013-01-01T00:00")
    for ask in (days.due_end, days.current):
        with pytest.raises(TypeError, match="an instant has a zone"):
            ask(naive)
