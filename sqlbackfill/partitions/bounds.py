"""Values of a partition column, and how they print. Owns no calendar and no partition.

A bound is a value of the partition column's own type: a civil date for DATE, an instant for a zoned
timestamp, the wall-clock reading (tagged UTC) for a timestamp without zone, an integer, or a key.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeAlias

Bound: TypeAlias = date | datetime | int | str


class BoundType(StrEnum):
    """The types of partition column that the tool tells apart."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    INTEGER = "integer"
    TEXT = "text"


def print_bound(bound: Bound, column_type: BoundType) -> str:
    """`bound` as templates print it, unquoted.

    >>> print_bound(datetime(2013, 1, 1, 5, tzinfo=UTC), BoundType.TIMESTAMPTZ)
    '2013-01-01 05:00:00+00:00'
    >>> print_bound(date(2013, 1, 1), BoundType.DATE)
    '2013-01-01'
    """
    return str(_encode(bound, column_type, " "))


def json_bound(bound: Bound, column_type: BoundType) -> str | int:
    """`bound` as JSON documents hold it: ISO 8601 with `T`, integers as numbers."""
    return _encode(bound, column_type, "T")


def read_bound(value: str | int, column_type: BoundType) -> Bound:
    """The bound that `print_bound` or `json_bound` wrote.

    Raises ValueError where `value` is no value of `column_type`: a timestamp with zone must have an
    offset, one without zone must have none, a date has no time.
    """
    match column_type:
        case BoundType.DATE:
            return date.fromisoformat(str(value))
        case BoundType.TIMESTAMP | BoundType.TIMESTAMPTZ:
            moment = datetime.fromisoformat(str(value))
            if (moment.tzinfo is None) != (column_type is BoundType.TIMESTAMP):
                raise ValueError(f"{value!r} is no {column_type.value}")
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        case BoundType.INTEGER:
            return int(value)
        case BoundType.TEXT:
            return str(value)


def read_moment(text: str) -> date | datetime:
    """A date or a moment as people write it in `begin`, `end` and `--as-of`.

    A date without time stays a date; without an offset the datetime is naive, so that the reader can
    place it in the time zone that applies. Raises ValueError.
    """
    text = text.strip()
    return (
        date.fromisoformat(text) if len(text) <= len("YYYY-MM-DD") else datetime.fromisoformat(text)
    )


def _encode(bound: Bound, column_type: BoundType, separator: str) -> str | int:
    match column_type, bound:
        case BoundType.DATE, datetime():
            raise TypeError(f"a date column has no time of day: {bound!r}")
        case BoundType.DATE, date():
            return bound.isoformat()
        case BoundType.TIMESTAMP, datetime(tzinfo=zone) if zone is not None:
            return bound.replace(tzinfo=None).isoformat(separator)
        case BoundType.TIMESTAMPTZ, datetime(tzinfo=zone) if zone is not None:
            return bound.isoformat(separator)
        case BoundType.INTEGER, int():
            return bound
        case BoundType.TEXT, str():
            return bound
        case _:
            raise TypeError(f"{bound!r} is no value of a {column_type.value} column")
