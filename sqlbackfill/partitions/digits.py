"""Moments as numbers whose digits are their fields, such as 20240131 for a day, and back. Years 1000 to 9999 only.

In these the numbers are in the order of time. Moments are microseconds since 1970.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  a reading, of whatever clock
_TICK = timedelta(microseconds=1)
_FIRST_YEAR, _LAST_YEAR = 1000, 9999
_FINER = ("month", "day", "hour", "minute", "second")


def digits_of(moment: int, unit: str) -> int:
    """The fields of `moment` from the year down to `unit`. Raises OverflowError outside the years."""
    reading = _EPOCH + timedelta(microseconds=moment)
    number = reading.year
    if number < _FIRST_YEAR:
        raise OverflowError(f"{reading} has no year of four digits")
    for field in _finer(unit):
        number = number * 100 + int(getattr(reading, field))
    return number


def from_digits(number: int, unit: str) -> int:
    """The first moment whose number is `number` or more. Raises OverflowError outside the years."""
    fields = _finer(unit)
    parts = []
    for _ in fields:
        number, part = divmod(number, 100)
        parts.append(part)
    if not _FIRST_YEAR <= number <= _LAST_YEAR:
        raise OverflowError(f"{number} is no year of four digits")
    start = datetime(number, 1, 1)  # noqa: DTZ001  as above
    before = "year"
    for field, part in zip(fields, reversed(parts), strict=True):
        first, last = _limits(field, start)
        if part < first:
            break
        if part > last:
            start = _next(start, before)
            break
        start = start.replace(**{field: part})  # type: ignore[arg-type]  # fields of that name
        before = field
    return (start - _EPOCH) // _TICK


def _finer(unit: str) -> tuple[str, ...]:
    return () if unit == "year" else _FINER[: _FINER.index(unit) + 1]


def _limits(field: str, start: datetime) -> tuple[int, int]:
    if field == "month":
        return 1, 12
    if field == "day":
        return 1, monthrange(start.year, start.month)[1]
    return 0, 23 if field == "hour" else 59


def _next(start: datetime, unit: str) -> datetime:
    """The start of the `unit` after the one that begins at `start`."""
    if unit == "year":
        if start.year == _LAST_YEAR:
            raise OverflowError("beyond the last year of four digits")
        return start.replace(year=start.year + 1)
    if unit == "month":
        return start + timedelta(days=monthrange(start.year, start.month)[1])
    return start + timedelta(**{f"{unit}s": 1})
