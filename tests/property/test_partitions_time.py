"""Partitions of time tile the line, in every grain and zone, over clock changes and month ends."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Naive, TimePartitioning

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")
ODD_ZONES = ("America/Sao_Paulo", "America/St_Johns", "America/Havana", "Africa/Cairo", "Asia/Gaza")
GRAINS = ("hour", "day", "week", "month", "quarter", "year", "6 hours", "3 days", "2 months")
SECOND = timedelta(seconds=1)
HOURS_OF_2013 = tuple(datetime(2013, 1, 1, tzinfo=UTC) + timedelta(hours=h) for h in range(8760))

# Every one of these is a month end, a leap day, a week start or a clock change somewhere.
EDGES = [
    datetime(2012, 2, 29, tzinfo=UTC),
    datetime(2013, 1, 1, tzinfo=UTC),
    datetime(2013, 3, 10, 7, tzinfo=UTC),
    datetime(2013, 3, 31, 1, tzinfo=UTC),
    datetime(2013, 4, 6, 15, tzinfo=UTC),
    datetime(2013, 10, 5, 15, 30, tzinfo=UTC),
    datetime(2013, 10, 20, 3, tzinfo=UTC),
    datetime(2006, 10, 29, 2, 30, tzinfo=UTC),
    datetime(2013, 11, 3, 6, tzinfo=UTC),
    datetime(2016, 2, 29, tzinfo=UTC),
]
EARLIEST = -70 * 365 * 86_400  # early in 1900
LATEST = 130 * 365 * 86_400  # late in 2099
instants = st.one_of(
    st.integers(EARLIEST, LATEST).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.builds(
        lambda edge, off: edge + timedelta(seconds=off),
        st.sampled_from(EDGES),
        st.one_of(st.integers(-2, 2), st.integers(-100_000, 100_000)),
    ),
)


@st.composite
def partitionings(draw):
    column_type = draw(
        st.sampled_from([BoundType.TIMESTAMPTZ, BoundType.TIMESTAMP, BoundType.DATE])
    )
    grains = [g for g in GRAINS if column_type is not BoundType.DATE or "hour" not in g]
    return TimePartitioning(
        grain=Grain.parse(draw(st.sampled_from([*grains, "week", "5 weeks"]))),
        column_type=column_type,
        timezone=draw(st.sampled_from(ZONES + ODD_ZONES)),
        naive=draw(st.sampled_from(Naive)),
        week_start=draw(st.integers(0, 6)),
        begin=draw(st.dates(date(1880, 1, 1), date(1899, 12, 31))),
    )


def value(partitioning, instant):
    return instant.date() if partitioning.column_type is BoundType.DATE else instant


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("grain", GRAINS)
def test_every_hour_of_2013_lies_in_the_one_partition_that_its_ordinal_names(zone, grain):
    some = TimePartitioning(
        grain=Grain.parse(grain),
        column_type=BoundType.TIMESTAMPTZ,
        timezone=zone,
        begin=date(2012, 12, 1),
    )
    ordinals = [some.ordinal(hour) for hour in HOURS_OF_2013]
    first, last = ordinals[0], ordinals[-1]
    bounds = [some.bounds(o) for o in range(first, last + 1)]
    assert all(b - a in (0, 1) for a, b in pairwise(ordinals))
    assert all(a[1] == b[0] and a[0] < a[1] for a, b in pairwise(bounds))
    for hour, ordinal in zip(HOURS_OF_2013, ordinals, strict=True):
        lo, hi = bounds[ordinal - first]
        assert lo <= hour < hi
    for ordinal, (lo, hi) in zip(range(first, last + 1), bounds, strict=True):
        assert some.ordinal(lo) == ordinal
        assert some.ordinal(hi - SECOND) == ordinal


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_2013_starts_at_local_midnight(zone):
    from zoneinfo import ZoneInfo

    days = TimePartitioning(
        grain=Grain.parse("day"), column_type=BoundType.TIMESTAMPTZ, timezone=zone
    )
    for offset in range(365):
        day = date(2013, 1, 1) + timedelta(days=offset)
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
        ordinal = days.ordinal(midnight.astimezone(UTC))
        assert days.bounds(ordinal)[0] == midnight
        assert days.record_key(ordinal) == days.label(ordinal) == day.isoformat()


@given(partitionings(), instants)
def test_partitions_tile_the_line(some, instant):
    at = value(some, instant)
    ordinal = some.ordinal(at)
    lo, hi = some.bounds(ordinal)
    assert lo <= at < hi
    assert some.ordinal(lo) == ordinal
    assert some.bounds(ordinal - 1)[1] == lo
    assert some.bounds(ordinal + 1)[0] == hi
    assert some.span_bounds(ordinal, ordinal + 2) == (lo, some.bounds(ordinal + 1)[1])


@given(partitionings(), instants, instants)
def test_ordinals_never_go_back(some, one, other):
    early, late = sorted((value(some, one), value(some, other)))
    assert some.ordinal(early) <= some.ordinal(late)


@given(partitionings(), instants)
def test_a_record_key_names_its_partition(some, instant):
    ordinal = some.ordinal(value(some, instant))
    for near in range(ordinal - 1, ordinal + 2):
        assert some.ordinal_of_key(some.record_key(near)) == near


@given(partitionings(), instants, st.integers(0, 10_000_000))
def test_a_window_takes_exactly_the_partitions_that_it_overlaps(some, instant, seconds):
    lo, hi = value(some, instant), value(some, instant + timedelta(seconds=seconds))
    first, last = some.ordinal(lo), some.ordinal(hi)
    expected = {
        o
        for o in {first - 1, first, first + 1, last - 1, last, last + 1}
        if some.bounds(o)[0] < hi and lo < some.bounds(o)[1] and lo < hi
    }
    found = some.overlapping(lo, hi, since=first - 5, until=last + 5)
    assert {o for o in expected | {first - 1, last + 1} if o in found} == expected
    assert len(found.ranges) <= 1
    assert len(found) == (last - first + (some.bounds(last)[0] < hi) if lo < hi else 0)


@given(partitionings(), instants, st.integers(0, 200_000))
def test_what_is_due_stays_due_and_has_ended(some, now, seconds):
    due = some.due_end(now)
    later = now + timedelta(seconds=seconds)
    assert due <= some.due_end(later)
    assert due <= some.current(now)
    # No later row can fall into a partition that is over.
    assert some.ordinal(some.column.at(later)) >= due
    assert some.current(now) - due <= 1 or some.grain.unit.value in ("hour", "minute")


@given(
    partitionings(),
    instants,
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 100)), max_size=4),
    st.sampled_from(["week", "month", "quarter", "year"]),
)
def test_calendar_cuts_partition_the_set_at_the_calendar(some, instant, pieces, unit):
    from sqlbackfill.partitions.civil import period_of

    base = some.ordinal(value(some, instant))
    chosen = PartitionSet.of((base + start, base + start + size) for start, size in pieces)
    cuts = some.calendar_cuts(chosen, unit)
    assert PartitionSet.of(cuts) == chosen
    assert sum(end - start for start, end in cuts) == len(chosen)

    def period(ordinal):
        return period_of(some.first_day(ordinal), Grain.parse(unit).unit, some.week_start)

    for start, end in cuts:
        assert period(start) == period(end - 1)
    for (_, end), (start, _) in pairwise(cuts):
        assert end != start or period(end - 1) != period(start)


@pytest.mark.parametrize("zone", ZONES)
def test_a_decade_of_hours_is_cut_in_as_many_steps_as_there_are_chunks(zone):
    hours = TimePartitioning(
        grain=Grain.parse("hour"),
        column_type=BoundType.TIMESTAMPTZ,
        timezone=zone,
        begin=date(2010, 1, 1),
        end=date(2020, 1, 1),
    )
    history = hours.overlapping(None, None)
    assert len(history.ranges) == 1
    assert len(history) in range(87648 - 1, 87648 + 2)
    assert len(hours.calendar_cuts(history, "year")) == 10
    assert len(hours.json_ranges(history)) == 1
