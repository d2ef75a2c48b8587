"""Functions between numbers that count from a fixed moment, mostly 1970, and the moments they stand for. Owns no ranges."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import DAY_US
from sqlbackfill.query.units import unit_of

_SECOND_US: Final = 1_000_000
_UNIT_US: Final = {0: _SECOND_US, 3: 1_000, 6: 1}
_NAMED: Final = {"timestamp_seconds": 0, "timestamp_millis": 3, "timestamp_micros": 6}
_SPARK: Final = frozenset({"spark", "spark2", "databricks"})
_UNIX: Final[dict[type[exp.Expr], int]] = {
    exp.UnixSeconds: _SECOND_US,
    exp.UnixMillis: 1_000,
    exp.UnixMicros: 1,
}
_SNOWFLAKE_PARTS: Final = {
    "epoch_second": _SECOND_US,
    "epoch_millisecond": 1_000,
    "epoch_microsecond": 1,
}
# Where one date less another is a whole number of days.
SUBTRACTING: Final = frozenset({"duckdb", "postgres", "snowflake", "redshift"})
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Epoch:
    """`number` counts units of `unit_us` microseconds since 1970; the moment is of kind `kind`."""

    number: exp.Expr
    unit_us: int
    kind: BoundType


class Rounding(StrEnum):
    """What becomes of a part of a unit: dropped downward, rounded to either neighbour, or kept."""

    DOWN = "down"
    EITHER = "either"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Count:
    """How many units of `unit_us` microseconds `moment` lies after 1970, less `since` units.

    `kinds` are those of the moment for which this holds; the count is on the moment's own axis.
    """

    moment: exp.Expr
    unit_us: int
    rounding: Rounding
    kinds: frozenset[BoundType]
    since: int = 0

    @property
    def is_whole(self) -> bool:
        return self.rounding is not Rounding.NONE


_INSTANTS: Final = frozenset({BoundType.TIMESTAMPTZ})
_DATES: Final = frozenset({BoundType.DATE})
_ALL: Final = frozenset({BoundType.DATE, BoundType.TIMESTAMP, BoundType.TIMESTAMPTZ})
_FINE: Final = frozenset({BoundType.TIMESTAMP, BoundType.TIMESTAMPTZ})


def epoch_of(node: exp.Expr, dialect: str) -> Epoch | None:
    """What `node` reads as a moment; None for anything else, and where a setting tells the kind."""
    if isinstance(node, exp.UnixToTime):
        return _unix_to_time(node, dialect)
    if not isinstance(node, exp.Anonymous) or not node.expressions:
        return None
    name, (number, *more) = node.name.lower(), node.expressions
    if dialect in _SPARK and name in _NAMED and not more:
        return Epoch(number, _UNIT_US[_NAMED[name]], BoundType.TIMESTAMPTZ)
    if dialect == "snowflake" and name == "to_timestamp_ntz" and len(more) <= 1:
        scale = _scale(more[0] if more else None)
        return None if scale is None else Epoch(number, _UNIT_US[scale], BoundType.TIMESTAMP)
    return None


def count_of(node: exp.Expr, dialect: str) -> Count | None:
    """What `node` counts, if its moment is of one of the count's kinds; None for anything else."""
    if isinstance(node, exp.Floor):
        inner = count_of(_bare(node.this), dialect) if not _has(node, "decimals", "to") else None
        return inner if inner is None or inner.is_whole else _whole(inner)
    if dialect == "duckdb":
        found = _duckdb_count(node)
    elif dialect in ("bigquery", *_SPARK):
        found = _unix_count(node, dialect)
    elif dialect == "snowflake" and isinstance(node, exp.Extract):
        unit = _SNOWFLAKE_PARTS.get(node.name.lower())
        found = None if unit is None else Count(node.expression, unit, Rounding.EITHER, _FINE)
    elif dialect == "postgres" and isinstance(node, exp.Extract) and node.name.lower() == "epoch":
        found = Count(node.expression, _SECOND_US, Rounding.NONE, _ALL)
    else:
        found = None
    return found or _days_since(node, dialect)


def _whole(count: Count) -> Count:
    return Count(count.moment, count.unit_us, Rounding.DOWN, count.kinds, count.since)


def _duckdb_count(node: exp.Expr) -> Count | None:
    if isinstance(node, exp.TimeToUnix):
        return Count(node.this, _SECOND_US, Rounding.NONE, _ALL)
    if isinstance(node, exp.Extract) and node.name.lower() == "epoch":
        return Count(node.expression, _SECOND_US, Rounding.NONE, _ALL)
    if isinstance(node, exp.UnixToTime) and _scale(node.args.get("scale")) == 3:
        return Count(node.this, 1_000, Rounding.EITHER, _ALL)
    if isinstance(node, exp.Anonymous):
        name, arguments = node.name.lower(), node.expressions
        if name == "epoch_us" and len(arguments) == 1:
            return Count(arguments[0], 1, Rounding.DOWN, _ALL)
        if name == "date_part" and len(arguments) == 2 and arguments[0].name.lower() == "epoch":
            return Count(arguments[1], _SECOND_US, Rounding.NONE, _ALL)
    return None


def _unix_count(node: exp.Expr, dialect: str) -> Count | None:
    unit = _UNIX.get(type(node))
    if unit is not None:
        return Count(node.this, unit, Rounding.DOWN, _INSTANTS)
    if isinstance(node, exp.UnixDate):
        return Count(node.this, DAY_US, Rounding.DOWN, _DATES)
    if dialect not in _SPARK:
        return None
    if isinstance(node, exp.StrToUnix) and isinstance(node.this, exp.Expr):
        # A format is for text; a moment is counted as it is.
        return Count(node.this, _SECOND_US, Rounding.DOWN, _INSTANTS)
    if isinstance(node, (exp.Cast, exp.TryCast)) and node.to.this is exp.DataType.Type.BIGINT:
        return Count(node.this, _SECOND_US, Rounding.DOWN, _INSTANTS)
    return None


def _days_since(node: exp.Expr, dialect: str) -> Count | None:
    """The days from a date that is written out to another."""
    if isinstance(node, exp.DateDiff):
        unit = node.args.get("unit")
        if unit is not None and unit_of(unit) != "day":
            return None
    elif not isinstance(node, exp.Sub) or dialect not in SUBTRACTING:
        return None
    first = _written_day(node.expression)
    if first is None or _written_day(node.this) is not None:
        return None
    return Count(node.this, DAY_US, Rounding.DOWN, _DATES, since=first)


def _written_day(node: exp.Expr) -> int | None:
    """The number of the day that a date literal names, 1970-01-01 being 0."""
    node = _bare(node)
    if isinstance(node, (exp.TsOrDsToDate, exp.Date)) or (
        isinstance(node, (exp.Cast, exp.TryCast)) and node.to.this is exp.DataType.Type.DATE
    ):
        node = node.this
    else:
        return None
    if not isinstance(node, exp.Literal) or not node.is_string or len(node.name) != 10:
        return None
    try:
        return date.fromisoformat(node.name).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _has(node: exp.Expr, *names: str) -> bool:
    return any(node.args.get(name) for name in names)


def _unix_to_time(node: exp.UnixToTime, dialect: str) -> Epoch | None:
    scale = _scale(node.args.get("scale"))
    if scale is None or any(v for k, v in node.args.items() if k not in ("this", "scale")):
        return None
    if dialect == "bigquery" or (dialect in ("duckdb", "postgres") and scale == 0):
        return Epoch(node.this, _UNIT_US[scale], BoundType.TIMESTAMPTZ)
    if dialect == "duckdb":
        return Epoch(node.this, _UNIT_US[scale], BoundType.TIMESTAMP)
    return None


def _scale(node: exp.Expr | None) -> int | None:
    if node is None:
        return 0
    text = node.name if isinstance(node, exp.Literal) and not node.is_string else ""
    return int(text) if text in ("0", "3", "6") else None
