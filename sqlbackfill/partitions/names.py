"""Which partitions a name means: a date, a number or a key, read by each kind of partitioning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.keys import RESERVED, StaticPartitioning
from sqlbackfill.partitions.partition_set import OrdinalRange
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.terms import Name
from sqlbackfill.partitions.time_names import (
    NamedTime,
    instants_of,
    named_ordinals,
    read_named_time,
)
from sqlbackfill.partitions.time_partitioning import TimePartitioning

_MOST_DIGITS = 30  # every integer type of every engine, with room


@dataclass(frozen=True, slots=True)
class Named:
    """The partitions that overlap what was named, whatever `begin` and `end`.

    `ranges` are half-open ordinals, at least one. `lo` and `hi` order names of one kind: instants
    or integers, half-open. `is_period` is true of years, quarters and months.
    """

    ranges: tuple[OrdinalRange, ...]
    lo: datetime | int = 0
    hi: datetime | int = 0
    is_period: bool = False

    def is_after(self, other: Named) -> bool:
        """Whether all of it lies after all of `other`."""
        match self.lo, other.hi:
            case (datetime() as start, datetime() as end):
                return start >= end
            case (int(start), int(end)):
                return start >= end
            case _:
                raise TypeError("names of different kinds have no order")


class Misread(StrEnum):
    """Why a name means nothing: another kind of name, one that cannot be, one that is not there."""

    NOT_THAT_KIND = "not that kind"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unread:
    """A name that means no partition; `message` says why, `fix` what to write."""

    why: Misread
    message: str
    fix: str


def read_name(partitioning: Partitioning, name: Name) -> Named | Unread:
    """What `name` means to `partitioning`."""
    match partitioning:
        case TimePartitioning():
            return _read_time(partitioning, name)
        case IntegerPartitioning():
            return _read_integer(partitioning, name)
        case StaticPartitioning():
            return _read_key(partitioning, name)


def near_word(text: str, words: Iterable[str]) -> str:
    """`; did you mean …?` where one of `words` is near, else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(text, list(words), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _read_time(partitioning: TimePartitioning, name: Name) -> Named | Unread:
    time = None if name.is_quoted else read_named_time(name.text)
    if time is None:
        hint = _padded(name.text) or near_word(name.text, RESERVED)
        return Unread(
            Misread.NOT_THAT_KIND,
            f"`{name.text}` names no time{hint}",
            "write a date (2024-01-05), month (2024-01), quarter (2024-Q1), year (2024) or hour"
            " (2024-01-05T03)",
        )
    if isinstance(time, str):
        return Unread(
            Misread.IMPOSSIBLE, f"`{name.text}` does not exist: {time}", "correct the date"
        )
    ranges = named_ordinals(partitioning, time)
    if not ranges:
        return Unread(
            Misread.IMPOSSIBLE,
            f"`{name.text}` does not exist in {partitioning.timezone}: the clock skips it",
            "name the hour before or after it",
        )
    return Named(ranges, *instants_of(partitioning, time), is_period=time.is_period)


def _padded(text: str) -> str:
    parts = text.split("-")
    if not 2 <= len(parts) <= 3 or not all(p.isascii() and p.isdigit() for p in parts):
        return ""
    padded = "-".join((parts[0], *(part.zfill(2) for part in parts[1:])))
    return f"; did you mean `{padded}`?" if isinstance(read_named_time(padded), NamedTime) else ""


def _read_integer(partitioning: IntegerPartitioning, name: Name) -> Named | Unread:
    digits = name.text.removeprefix("-")
    if name.is_quoted or not (digits.isascii() and digits.isdigit()):
        hint = near_word(name.text, RESERVED)
        return Unread(
            Misread.NOT_THAT_KIND,
            f"`{name.text}` is no integer{hint}",
            "write an integer (100) or a range of them (100..199)",
        )
    if len(digits) > _MOST_DIGITS:
        return Unread(Misread.IMPOSSIBLE, f"`{name.text}` is too large", "write fewer digits")
    value = int(name.text)
    ordinal = partitioning.ordinal(value)
    return Named(((ordinal, ordinal + 1),), value, value + 1)


def _read_key(partitioning: StaticPartitioning, name: Name) -> Named | Unread:
    ordinal = partitioning.ordinal_of_key(name.text)
    if ordinal is None:
        hint = near_word(name.text, (*partitioning.keys, *RESERVED))
        return Unread(
            Misread.UNKNOWN, f"`{name.text}` is no key of the list{hint}", "name a key of the list"
        )
    return Named(((ordinal, ordinal + 1),))
