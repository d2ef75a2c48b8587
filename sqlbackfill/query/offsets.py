"""Read windows as people count them: whole partitions of the output's grain, relative to the output's own.

Offsets are taken from evaluated windows, over partitions that include month ends, leap days and
changes of the clock, so they are as wide as the widest of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache

from sqlbackfill.errors import ProjectError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.mapping import ReadWindow, microseconds
from sqlbackfill.partitions.paths import (
    FIXED_US,
    MONTHS_IN,
    Limit,
    Op,
    add_months,
    floor_to,
    limit_value,
)
from sqlbackfill.partitions.zone_images import (
    first_instant,
    highest_reading,
    last_instant,
    lowest_reading,
    zone_of,
)
from sqlbackfill.query.facts import PartitionInfo
from sqlbackfill.query.kinds import Kind, is_wall
from sqlbackfill.query.number_axis import as_number, sample_numbers

_SAMPLE_DAYS = (
    date(2011, 12, 31),
    date(2012, 1, 1),
    date(2012, 2, 29),
    date(2012, 3, 31),
    date(2013, 1, 31),
    date(2013, 3, 1),
    date(2013, 3, 10),
    date(2013, 3, 31),
    date(2013, 7, 1),
    date(2013, 10, 27),
    date(2013, 11, 3),
    date(2013, 12, 30),
)
_NEVER_US = 0


@lru_cache(maxsize=4096)
def offsets_of(
    window: ReadWindow, info: PartitionInfo, output: Kind
) -> tuple[int | None, int | None]:
    """First and last partition needed, counted from the output's; None where the window is open."""
    if window.is_identity and output in (None, BoundType.TEXT):
        return 0, 0
    starts: list[int] = []
    ends: list[int] = []
    kind: Kind = window.column_type
    unit = 1
    if kind is BoundType.INTEGER and output is not BoundType.INTEGER:
        kind, unit = BoundType.TIMESTAMPTZ if _zone_in(window) else output, _unit_us(window)
    for lo, hi, number in _samples(info, output, window):
        low = _value(window.lower, lo, hi, lower=True)
        high = _value(window.upper, lo, hi, lower=False)
        zone = _zone_in(window) or info.timezone
        if output is BoundType.INTEGER:
            first = None if low is None else as_number(low, window, lower=True)
            last = None if high is None else as_number(high - 1, window, lower=False)
        else:
            first = None if low is None else _as_output(low * unit, kind, output, zone, lower=True)
            last = (
                None
                if high is None
                else _as_output(high * unit, kind, output, zone, lower=False) - 1
            )
        if first is not None:
            starts.append(_ordinal(first, info, output) - number)
        if last is not None:
            ends.append(_ordinal(last, info, output) - number)
    follows = window.follows_partition
    return (
        min(starts) if follows[0] and starts else None,
        max(ends) if follows[1] and ends else None,
    )


def ends_before_partition(window: ReadWindow, info: PartitionInfo, output: Kind) -> bool | None:
    """Whether it stays below the output partition: True, False if it starts there, None if it crosses."""
    start, end = offsets_of(window, info, output)
    if end is not None and end < 0:
        return True
    return False if start is not None and start >= 0 else None


def _value(limit: Limit | None, lo: int, hi: int, *, lower: bool) -> int | None:
    try:
        return limit_value(limit, lo, hi, lower=lower)
    except OverflowError:
        return None


def _samples(
    info: PartitionInfo, output: Kind, window: ReadWindow
) -> Iterator[tuple[int, int, int]]:
    """(lo, hi, ordinal) of partitions of the output."""
    if output is BoundType.INTEGER:
        size = _size(info)
        for value in sample_numbers(window, [microseconds(day) for day in _SAMPLE_DAYS], size):
            number = value // size
            yield number * size, (number + 1) * size, number
        return
    for day in _SAMPLE_DAYS:
        for hour in (0, 6) if not _grain(info.grain).unit.is_civil else (0,):
            moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            number = _ordinal(microseconds(moment), info, output)
            lo, hi = (_start(n, info, output) for n in (number, number + 1))
            yield lo, hi, number


def _as_output(value: int, kind: Kind, output: Kind, zone: str, *, lower: bool) -> int:
    """`value` of a column of `kind` on the axis of the output's partition column."""
    if kind is None or kind is output or is_wall(kind) == is_wall(output):
        return value
    if is_wall(output):
        return lowest_reading(value, zone) if lower else highest_reading(value, zone)
    return first_instant(value, zone) if lower else last_instant(value, zone)


def _zone_in(window: ReadWindow) -> str | None:
    zoned = (Op.INSTANT_LO, Op.INSTANT_HI, Op.LOCAL_LO, Op.LOCAL_HI)
    for limit in (window.lower, window.upper):
        for option in limit or ():
            for path in option:
                for step in path.steps:
                    if step.op in zoned:
                        return step.name
    return None


def _unit_us(window: ReadWindow) -> int:
    """What the numbers of a column that counts from 1970 count, in microseconds."""
    for limit in (window.lower, window.upper):
        for option in limit or ():
            for path in option:
                for step in reversed(path.steps):
                    if step.op in (Op.DIVIDE_LO, Op.DIVIDE_HI):
                        return step.amount
    return 1


def _is_local(info: PartitionInfo, output: Kind) -> bool:
    """Whether the output's column holds instants that are cut by a clock other than UTC's."""
    return output is BoundType.TIMESTAMPTZ and info.timezone.upper() != "UTC"


def _ordinal(value: int, info: PartitionInfo, output: Kind) -> int:
    if output is BoundType.INTEGER:
        return value // _size(info)
    grain = _grain(info.grain)
    if _is_local(info, output) and grain.unit.is_civil:
        value = lowest_reading(value, info.timezone)
    unit = grain.unit.value
    if unit in FIXED_US:
        phase = 3 * FIXED_US["day"] - info.week_start * FIXED_US["day"] if unit == "week" else 0
        return (value + phase) // (FIXED_US[unit] * grain.count)
    floor = floor_to(value, unit)
    moment = date.fromordinal(floor // FIXED_US["day"] + date(1970, 1, 1).toordinal())
    return (moment.year * 12 + moment.month - 1) // (MONTHS_IN[unit] * grain.count)


def _start(number: int, info: PartitionInfo, output: Kind) -> int:
    grain = _grain(info.grain)
    unit = grain.unit.value
    if unit in FIXED_US:
        phase = 3 * FIXED_US["day"] - info.week_start * FIXED_US["day"] if unit == "week" else 0
        start = number * FIXED_US[unit] * grain.count - phase
    else:
        months = number * MONTHS_IN[unit] * grain.count
        start = add_months(_NEVER_US, months - 1970 * 12)
    if _is_local(info, output) and grain.unit.is_civil:
        return first_instant(start, info.timezone)
    return start


def _size(info: PartitionInfo) -> int:
    return int(info.grain) if info.grain.isdigit() else 1


@lru_cache(maxsize=64)
def _grain(text: str) -> Grain:
    try:
        return Grain.parse(text)
    except ProjectError:
        return Grain.parse("day")


def is_zone(name: str) -> bool:
    """Whether the machine knows the time zone `name`."""
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
