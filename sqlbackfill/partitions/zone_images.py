"""Outward images of one bound under a change between instants and wall-clock readings.

All values are microseconds since 1970-01-01, of UTC for instants and of the wall clock for readings.
Where an engine may choose (a repeated or a skipped hour), the image allows for every choice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_REACH_US = 26 * HOUR_US
_SECOND_US = 1_000_000


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The IANA zone called `name`. Raises KeyError, ValueError or OSError if there is none."""
    if name.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def lowest_reading(instant: int, zone: str) -> int:
    """The greatest reading known to be at or below that of every instant from `instant` on."""
    offset = _offset(instant, zone)
    change = _change_between(instant, instant + _REACH_US, zone)
    if change is None:
        return instant + offset
    return min(instant + offset, change + _offset(change, zone))


def highest_reading(instant: int, zone: str) -> int:
    """The least reading known to be above that of every instant before `instant`."""
    offset = _offset(instant - 1, zone)
    change = _change_between(instant - _REACH_US, instant - 1, zone)
    if change is None:
        return instant + offset
    return max(instant + offset, change + _offset(change - 1, zone))


def first_instant(reading: int, zone: str) -> int:
    """The greatest instant known to be at or before those of all readings from `reading` on."""
    change = _change_near(reading, zone)
    if change is None:
        return reading - _offset(reading, zone)
    before, after = _offset(change - 1, zone), _offset(change, zone)
    if after < before:  # the clock goes back: the first of two instants
        return reading - (before if reading < change + before else after)
    jump = change + before
    if reading < jump:
        return min(reading - before, jump - after)
    return reading - after


def last_instant(reading: int, zone: str) -> int:
    """The least instant known to be after those of all readings before `reading`."""
    change = _change_near(reading, zone)
    if change is None:
        return reading - _offset(reading, zone)
    before, after = _offset(change - 1, zone), _offset(change, zone)
    if after < before:
        return reading - (after if reading > change + after else before)
    landing = change + after
    if reading <= landing:
        return reading - before
    return max(reading - after, landing - before)


@lru_cache(maxsize=4096)
def _offset(instant: int, zone: str) -> int:
    moment = (_EPOCH + timedelta(microseconds=instant)).astimezone(zone_of(zone))
    return (moment.utcoffset() or timedelta()) // _TICK


def _change_near(reading: int, zone: str) -> int | None:
    return _change_between(reading - _REACH_US, reading + _REACH_US, zone)


@lru_cache(maxsize=4096)
def _change_between(start: int, end: int, zone: str) -> int | None:
    """The instant in (start, end] from which the offset of `end` holds, None if both are equal."""
    wanted = _offset(end, zone)
    if _offset(start, zone) == wanted:
        return None
    low, high = start // _SECOND_US, -(-end // _SECOND_US)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle * _SECOND_US, zone) == wanted:
            high = middle
        else:
            low = middle
    return high * _SECOND_US
