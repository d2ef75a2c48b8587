"""Read windows: which values of an input's column the partitions of an output need.

A window is data (JSON by msgspec) and is evaluated without any SQL. Deriving one is the work of
`query`; turning intervals into partitions that of the planner.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.paths import (
    DAY_US,
    Limit,
    Origin,
    Path,
    both_lower,
    both_upper,
    either,
    is_within,
    limit_value,
)

KeySet: TypeAlias = frozenset[str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FIRST: Limit = ((Path(Origin.LO),),)
_LAST: Limit = ((Path(Origin.HI),),)


@dataclass(frozen=True, slots=True)
class Interval:
    """Values in [lo, hi) of a column, None being an open end; with `nulls`, rows of NULL too."""

    lo: Bound | None = None
    hi: Bound | None = None
    nulls: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether no row is left out."""
        return self.lo is None and self.hi is None and self.nulls

    @property
    def is_empty(self) -> bool:
        """Whether no value lies inside, NULL aside."""
        return self.lo is not None and self.hi is not None and self.lo >= self.hi  # type: ignore[operator]  # one type


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWindow:
    """A function from output partitions to the interval of an input's column that they need.

    `lower` and `upper` are None where the window is open. Both ends move monotonically with the
    output's bounds. `column_type` is the type of the input's column, None where it is not known:
    such a window is of the output's own type.
    """

    lower: Limit | None = None
    upper: Limit | None = None
    nulls: bool = False
    column_type: BoundType | None = None

    @classmethod
    def identity(cls, column_type: BoundType | None) -> ReadWindow:
        """The output's own partition and nothing else."""
        return cls(lower=_FIRST, upper=_LAST, column_type=column_type)

    @property
    def is_identity(self) -> bool:
        """Whether it is the output's own bounds (or keys), unchanged."""
        return self.lower == _FIRST and self.upper == _LAST and not self.nulls

    @property
    def follows_partition(self) -> tuple[bool, bool]:
        """Whether the lower and the upper end move with the partition, rather than stand or be open."""
        return _moves(self.lower), _moves(self.upper)

    def evaluate(self, lo: Bound | None, hi: Bound | None) -> Interval:
        """The interval that output partitions with column values in [lo, hi) need.

        Bounds outside what the column's type can hold become open ends.
        """
        if isinstance(lo, str) or isinstance(hi, str):
            return Interval(lo, hi) if self.is_identity else Interval(nulls=True)
        kind = self.column_type or _type_like(lo if lo is not None else hi)
        ends = (_number(lo), _number(hi))
        try:
            low = limit_value(self.lower, *ends, lower=True)
            high = limit_value(self.upper, *ends, lower=False)
        except OverflowError:
            return Interval(nulls=True)
        return Interval(_bound(low, kind), _bound(high, kind), self.nulls)

    def evaluate_keys(self, keys: KeySet) -> KeySet | None:
        """The keys of the input that `keys` of the output need; None means everything."""
        return keys if self.is_identity else None

    def hull(self, other: ReadWindow) -> ReadWindow:
        """The least window that holds both; both must be of one column."""
        return replace(
            self,
            lower=either(self.lower, other.lower, lower=True),
            upper=either(self.upper, other.upper, lower=False),
            nulls=self.nulls or other.nulls,
        )

    def meet(self, other: ReadWindow) -> ReadWindow:
        """A window that holds what both hold; both must be of one column."""
        return replace(
            self,
            lower=both_lower(self.lower, other.lower),
            upper=both_upper(self.upper, other.upper),
            nulls=self.nulls and other.nulls,
        )

    def is_within(self, other: ReadWindow) -> bool:
        """Whether `other` certainly holds all of this window, for every partition."""
        return (
            is_within(self.lower, other.lower, lower=True)
            and is_within(self.upper, other.upper, lower=False)
            and (other.nulls or not self.nulls)
        )


def _moves(limit: Limit | None) -> bool:
    return limit is not None and all(
        any(path.origin is not Origin.CONST for path in option) for option in limit
    )


def microseconds(moment: date | datetime) -> int:
    """Microseconds since 1970 of an instant, of a reading tagged UTC, or of a day's midnight."""
    if not isinstance(moment, datetime):
        return (moment.toordinal() - _EPOCH.toordinal()) * DAY_US
    return (moment - _EPOCH) // _TICK


def _number(bound: Bound | None) -> int | None:
    match bound:
        case None:
            return None
        case date():
            return microseconds(bound)
        case int():
            return bound
        case str():
            raise TypeError("keys have no order here")


def _type_like(bound: Bound | None) -> BoundType:
    match bound:
        case datetime():
            return BoundType.TIMESTAMP
        case date():
            return BoundType.DATE
        case int():
            return BoundType.INTEGER
        case str() | None:
            return BoundType.TEXT


def _bound(value: int | None, kind: BoundType) -> Bound | None:
    """The least value of the column's type that is not below `value`."""
    if value is None:
        return None
    try:
        match kind:
            case BoundType.INTEGER:
                return value
            case BoundType.DATE:
                return date.fromordinal(-(-value // DAY_US) + _EPOCH.toordinal())
            case BoundType.TIMESTAMP | BoundType.TIMESTAMPTZ:
                return _EPOCH + timedelta(microseconds=value)
            case BoundType.TEXT:
                return None
    except (OverflowError, ValueError):
        return None
