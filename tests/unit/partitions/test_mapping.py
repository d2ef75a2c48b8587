from datetime import UTC, date, datetime

import msgspec

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import Interval, ReadWindow
from sqlbackfill.partitions.paths import DAY_US, Op, Origin, Path, Step


def _window(low: Path, high: Path, kind: BoundType | None = BoundType.DATE) -> ReadWindow:
    return ReadWindow(lower=((low,),), upper=((high,),), column_type=kind)


def test_the_identity_gives_the_bounds_back() -> None:
    window = ReadWindow.identity(BoundType.DATE)
    assert window.evaluate(date(2013, 1, 5), date(2013, 1, 6)) == Interval(
        date(2013, 1, 5), date(2013, 1, 6)
    )


def test_a_trailing_window_starts_six_days_earlier() -> None:
    low = Path(Origin.LO, (Step(Op.SHIFT, -6 * DAY_US),))
    window = _window(low, Path(Origin.HI))
    assert window.evaluate(date(2013, 3, 1), date(2013, 3, 2)) == Interval(
        date(2013, 2, 23), date(2013, 3, 2)
    )


def test_a_new_york_day_is_its_own_hours_on_the_days_the_clock_changes() -> None:
    zone = "America/New_York"
    window = _window(
        Path(Origin.LO, (Step(Op.INSTANT_LO, name=zone),)),
        Path(Origin.HI, (Step(Op.INSTANT_HI, name=zone),)),
        BoundType.TIMESTAMPTZ,
    )
    spring = window.evaluate(date(2013, 3, 10), date(2013, 3, 11))
    assert spring == Interval(
        datetime(2013, 3, 10, 5, tzinfo=UTC), datetime(2013, 3, 11, 4, tzinfo=UTC)
    )
    autumn = window.evaluate(date(2013, 11, 3), date(2013, 11, 4))
    assert autumn == Interval(
        datetime(2013, 11, 3, 4, tzinfo=UTC), datetime(2013, 11, 4, 5, tzinfo=UTC)
    )


def test_months_stop_at_the_end_of_a_shorter_month() -> None:
    window = _window(Path(Origin.LO, (Step(Op.MONTHS, -1),)), Path(Origin.HI))
    assert window.evaluate(date(2012, 3, 31), date(2012, 4, 1)).lo == date(2012, 2, 29)


def test_a_bound_beyond_the_calendar_is_open() -> None:
    window = _window(Path(Origin.LO, (Step(Op.SHIFT, -(10**9) * DAY_US),)), Path(Origin.HI))
    assert window.evaluate(date(2013, 1, 1), date(2013, 1, 2)).lo is None


def test_keys_pass_through_the_identity_only() -> None:
    assert ReadWindow.identity(BoundType.TEXT).evaluate_keys(frozenset({"eu"})) == {"eu"}
    assert ReadWindow(nulls=True).evaluate_keys(frozenset({"eu"})) is None


def test_a_window_survives_json() -> None:
    window = _window(
        Path(Origin.LO, (Step(Op.FLOOR, name="week"), Step(Op.MONTHS, -2))),
        Path(Origin.HI, (Step(Op.LOCAL_HI, name="Asia/Kolkata"),)),
    )
    assert msgspec.json.decode(msgspec.json.encode(window), type=ReadWindow) == window


def test_the_hull_of_two_windows_holds_both() -> None:
    near, far = (
        _window(Path(Origin.LO, (Step(Op.SHIFT, -n * DAY_US),)), Path(Origin.HI)) for n in (1, 3)
    )
    assert near.hull(far) == far
    assert near.meet(far) == near
    assert near.is_within(far)
    assert not far.is_within(near)
