"""Partitions of time in words of the -p grammar. The words are read again in time_names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlbackfill.partitions.grain import Unit
from sqlbackfill.partitions.time_names import NamedTime, named_ordinals

if TYPE_CHECKING:
    from sqlbackfill.partitions.time_partitioning import TimePartitioning

_HOUR = timedelta(hours=1)
_NEAR = timedelta(hours=4)


def label_of(partitioning: TimePartitioning, ordinal: int) -> str:
    """One partition by the shortest name that names no other."""
    if not partitioning.grain.unit.is_civil:
        return _clock_label(partitioning, ordinal)
    day = partitioning.first_day(ordinal)
    match partitioning.grain.unit:
        case Unit.YEAR:
            return f"{day.year:04}"
        case Unit.QUARTER:
            return f"{day.year:04}-Q{(day.month + 2) // 3}"
        case Unit.MONTH:
            return f"{day.year:04}-{day.month:02}"
        case _:
            return day.isoformat()


def label_of_run(partitioning: TimePartitioning, start: int, end: int) -> str:
    """The ordinals [start, end) by a name or an `a..b` that takes them even if not yet due."""
    first = label_of(partitioning, start)
    # A month, quarter or year by name takes due partitions only.
    by_period = partitioning.grain.unit in (Unit.MONTH, Unit.QUARTER, Unit.YEAR)
    if end - start == 1 and not by_period:
        return first
    return f"{first}..{label_of(partitioning, end - 1)}"


def _clock_label(partitioning: TimePartitioning, ordinal: int) -> str:
    reading = partitioning.local_start(ordinal)
    on_the_hour = not reading.minute and not reading.second
    by_hour = partitioning.grain.unit is Unit.HOUR and on_the_hour
    text = _print(reading, by_hour=by_hour)
    zone = partitioning.column.cut_zone
    if zone is None:
        return text
    start, _ = partitioning.bounds(ordinal)
    assert isinstance(start, datetime)  # noqa: S101 - hours and minutes start at datetimes
    around = {t.astimezone(zone).utcoffset() for t in (start - _NEAR, start, start + _NEAR)}
    length = _HOUR if by_hour else timedelta(minutes=1)
    named = NamedTime(lo=reading, hi=reading + length, has_time=True)
    only = ((ordinal, ordinal + 1),)
    if not reading.second and (len(around) == 1 or named_ordinals(partitioning, named) == only):
        return text
    offset = reading - start
    seconds = offset // timedelta(seconds=1)
    if seconds % 60 or start.second:
        return f"{_print(start, by_hour=False)}:{start.second:02}Z"
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"


def _print(reading: datetime, *, by_hour: bool) -> str:
    clock = f"T{reading.hour:02}" if by_hour else f"T{reading.hour:02}:{reading.minute:02}"
    return reading.date().isoformat() + clock
