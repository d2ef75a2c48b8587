"""Times as people name them (`2024`, `2024-Q1`, `2024-01-05T03-04:00`) and the partitions they name."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.civil import FIRST_YEAR, LAST_YEAR
from sqlbackfill.partitions.partition_set import OrdinalRange
from sqlbackfill.partitions.zones import first_instant, occurrences

if TYPE_CHECKING:
    from sqlbackfill.partitions.time_partitioning import TimePartitioning

_SHAPE = re.compile(
    r"(\d{4})(?:-(?:[Qq](\d)|(\d\d)(?:-(\d\d)"
    r"(?:T(\d\d)(?::(\d\d)(?::(\d\d))?)?(Z|[+-]\d\d:\d\d)?)?)?))?",
    re.ASCII,
)
_TICK = timedelta(microseconds=1)
_FARTHEST_OFFSET = timedelta(hours=18)  # ISO 8601 allows more, no zone ever had it


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTime:
    """A half-open span of clock readings, tagged UTC, in a model's zone or at a fixed offset.

    `is_period` is true of years, quarters and months; `has_time` of hours and finer.
    """

    lo: datetime
    hi: datetime
    offset: timedelta | None = None
    is_period: bool = False
    has_time: bool = False


def read_named_time(text: str) -> NamedTime | str | None:
    """The time that `text` names; None if it has not the shape of one.

    A string says why a time of that shape does not exist.
    """
    found = _SHAPE.fullmatch(text)
    if not found:
        return None
    year, quarter, month, day, hour, minute, second = (
        int(g) if g else None for g in found.groups()[:7]
    )
    assert year is not None  # noqa: S101 - the shape begins with it
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return f"years from {FIRST_YEAR:04} to {LAST_YEAR} can be named"
    if quarter is not None:
        return _quarter(year, quarter)
    if month is None:
        return NamedTime(lo=_reading(year), hi=_reading(year + 1), is_period=True)
    if not 1 <= month <= 12:
        return "months are 01 to 12"
    following = _reading(year + month // 12, month % 12 + 1)
    if day is None:
        return NamedTime(lo=_reading(year, month), hi=following, is_period=True)
    days = (following - timedelta(days=1)).day
    if not 1 <= day <= days:
        return f"{year:04}-{month:02} has the days 01 to {days}"
    start = _reading(year, month, day)
    if hour is None:
        return NamedTime(lo=start, hi=start + timedelta(days=1))
    return _clock_time(start, (hour, minute, second), found[8])


def named_ordinals(partitioning: TimePartitioning, named: NamedTime) -> tuple[OrdinalRange, ...]:
    """The half-open ordinals of every partition that overlaps `named`, whatever `begin` and `end`.

    Empty if the clock of the partitioning's zone never shows that time; two ranges if it shows it
    twice and other partitions lie between.
    """
    column, lo, last = partitioning.column, named.lo, named.hi - _TICK
    spans: tuple[tuple[date | datetime, date | datetime], ...]
    if not named.has_time:
        if partitioning.grain.unit.is_civil:
            first_day, last_day = lo.date(), last.date()
            first = partitioning.ordinal_of_day(first_day)
            return ((first, partitioning.ordinal_of_day(last_day) + 1),)
        start, end = column.first_of(lo), column.first_of(named.hi)
        return ((partitioning.ordinal(start), partitioning.end_ordinal(end)),)
    if named.offset is not None:
        spans = ((column.at(lo - named.offset), column.at(last - named.offset)),)
    elif column.cut_zone:
        shown = occurrences(lo, named.hi, column.cut_zone)
        spans = tuple((start, end - _TICK) for start, end in shown)
    elif column.type is BoundType.DATE and not occurrences(lo, named.hi, column.zone):
        spans = ()
    else:
        spans = ((lo, last),)
    return tuple((partitioning.ordinal(a), partitioning.ordinal(b) + 1) for a, b in spans)


def instants_of(partitioning: TimePartitioning, named: NamedTime) -> tuple[datetime, datetime]:
    """Where `named` starts and ends on the line of time; only for telling which comes first."""
    if named.offset is not None:
        return named.lo - named.offset, named.hi - named.offset
    zone = partitioning.column.zone
    return first_instant(named.lo, zone), first_instant(named.hi, zone)


def _clock_time(
    day: datetime, clock: tuple[int, int | None, int | None], offset: str | None
) -> NamedTime | str:
    hour, minute, second = clock
    if hour > 23:
        return "hours are 00 to 23"
    if (minute or 0) > 59 or (second or 0) > 59:
        return "minutes and seconds are 00 to 59"
    lo = day + timedelta(hours=hour, minutes=minute or 0, seconds=second or 0)
    length = timedelta(hours=1)
    if minute is not None:
        length = timedelta(minutes=1) if second is None else timedelta(seconds=1)
    shift = None if offset is None else _offset(offset)
    if shift is not None and abs(shift) > _FARTHEST_OFFSET:
        return f"`{offset}` is no offset from UTC"
    return NamedTime(lo=lo, hi=lo + length, offset=shift, has_time=True)


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta()
    size = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return -size if text[0] == "-" else size


def _quarter(year: int, quarter: int) -> NamedTime | str:
    if not 1 <= quarter <= 4:
        return "quarters are Q1 to Q4"
    lo = _reading(year, quarter * 3 - 2)
    hi = _reading(year + quarter // 4, quarter * 3 % 12 + 1)
    return NamedTime(lo=lo, hi=hi, is_period=True)


def _reading(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)
