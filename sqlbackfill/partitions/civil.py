"""The civil calendar as arithmetic: every day, week, month, quarter and year has a number.

Period 0 of each unit is the one that holds 1970-01-01. Owns no time zone and no partition.
"""

from __future__ import annotations

from datetime import date

from sqlbackfill.partitions.grain import Unit

# A century inside what Python's dates can hold: no partition that a user can name overflows.
FIRST_YEAR, LAST_YEAR = 200, 9800

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH_YEAR = 1970


def period_of(day: date, unit: Unit, week_start: int = 0) -> int:
    """The number of the `unit` that holds `day`; weeks start on `week_start`, 0 being Monday."""
    match unit:
        case Unit.DAY:
            return day.toordinal() - _EPOCH_DAY
        case Unit.WEEK:
            return _week(day.toordinal(), week_start) - _week(_EPOCH_DAY, week_start)
        case Unit.MONTH:
            return (day.year - _EPOCH_YEAR) * 12 + day.month - 1
        case Unit.QUARTER:
            return (day.year - _EPOCH_YEAR) * 4 + (day.month - 1) // 3
        case Unit.YEAR:
            return day.year - _EPOCH_YEAR
        case Unit.MINUTE | Unit.HOUR:
            raise ValueError(f"a {unit} is no civil period")


def period_start(period: int, unit: Unit, week_start: int = 0) -> date:
    """The first day of period `period`. Raises ValueError or OverflowError outside years 1 to 9999."""
    match unit:
        case Unit.DAY:
            return date.fromordinal(period + _EPOCH_DAY)
        case Unit.WEEK:
            week = period + _week(_EPOCH_DAY, week_start)
            return date.fromordinal(week * 7 + 1 + week_start)
        case Unit.MONTH:
            return date(_EPOCH_YEAR + period // 12, period % 12 + 1, 1)
        case Unit.QUARTER:
            return date(_EPOCH_YEAR + period // 4, period % 4 * 3 + 1, 1)
        case Unit.YEAR:
            return date(_EPOCH_YEAR + period, 1, 1)
        case Unit.MINUTE | Unit.HOUR:
            raise ValueError(f"a {unit} is no civil period")


def _week(day_number: int, week_start: int) -> int:
    # Day 1 of Python's ordinals, 0001-01-01, is a Monday.
    return (day_number - 1 - week_start) // 7
