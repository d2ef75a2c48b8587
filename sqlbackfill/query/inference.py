"""The kind of value an expression has, as far as the read-window pass must know it. No names are resolved here.

Only kinds that are certain are given; None stops every deduction through the expression.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.calendar_links import calendar_kind
from sqlbackfill.query.encodings import is_text, is_whole
from sqlbackfill.query.epochs import epoch_of
from sqlbackfill.query.kinds import (
    DATE_ARITHMETIC,
    SPARK_FAMILY,
    InnerKind,
    Kind,
    KindOf,
    arms_of,
    is_extracted_date,
    is_time,
    is_wall,
    joint,
    kind_of_type,
    zone_change,
)

_SAME_AS_ARGUMENT: Final = (exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last)
_DATE_FUNCTIONS: Final = (exp.TsOrDsToDate, exp.Date, exp.CurrentDate)
_INSTANT_FUNCTIONS: Final = (exp.CurrentTimestamp,)

_DATE_UNITS: Final = frozenset(["day", "week", "month", "quarter", "year"])


def kind_of(node: exp.Expr, column: KindOf, dialect: str) -> Kind:
    """The kind of `node`; `column` tells it for column references."""

    def of(child: exp.Expr) -> Kind:
        return kind_of(child, column, dialect)

    if isinstance(node, exp.Column):
        return column(node)
    if isinstance(node, (exp.Alias, exp.Paren, *_SAME_AS_ARGUMENT)):
        return of(node.this) if isinstance(node.this, exp.Expr) else None
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return kind_of_type(node.to, dialect)
    if isinstance(node, _DATE_FUNCTIONS):
        return BoundType.DATE
    if isinstance(node, _INSTANT_FUNCTIONS):
        return BoundType.TIMESTAMPTZ
    if isinstance(node, exp.Literal):
        return BoundType.INTEGER if node.is_int else None
    if isinstance(node, exp.Coalesce):
        return joint([of(arm) for arm in (node.this, *node.expressions)])
    if isinstance(node, (exp.Case, exp.If)):
        return joint([of(arm) for arm in arms_of(node)])
    return _kind_of_computed(node, of, dialect)


def _kind_of_computed(node: exp.Expr, of: KindOf, dialect: str) -> Kind:
    zone = zone_change(node, of, dialect)
    if zone is not None:
        is_reading = zone.target is not None
        if zone.keeps_kind:
            is_reading = of(zone.argument) is BoundType.TIMESTAMP
        return BoundType.TIMESTAMP if is_reading else BoundType.TIMESTAMPTZ
    if is_extracted_date(node, dialect):
        return BoundType.DATE
    if is_whole(node, of, dialect):
        return BoundType.INTEGER
    if is_text(node, of, dialect):
        return InnerKind.WRITTEN_TEXT
    epoch = epoch_of(node, dialect)
    if epoch is not None:
        return (
            epoch.kind if of(epoch.number) is BoundType.INTEGER or not _is_two_ways(node) else None
        )
    if isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)):
        inner = of(node.this)
        if inner is BoundType.DATE and dialect in ("postgres", "redshift"):
            # PostgreSQL truncates a date as a timestamp with time zone.
            return BoundType.TIMESTAMPTZ if dialect == "postgres" else None
        return inner if is_time(inner) else None
    if isinstance(node, (exp.Add, exp.Sub)):
        return _kind_of_sum(of(node.this), node.expression, of)
    if isinstance(node, DATE_ARITHMETIC):
        inner = of(node.this)
        if isinstance(node, exp.TsOrDsAdd) and dialect in SPARK_FAMILY:
            return BoundType.DATE if is_time(inner) else None
        if inner is BoundType.DATE:
            return BoundType.DATE if _stays_date(node, dialect) else BoundType.TIMESTAMP
        return inner if is_time(inner) else None
    return calendar_kind(node, of, dialect)


def _stays_date(node: exp.Expr, dialect: str) -> bool:
    """Whether a shifted date is one still: https://docs.snowflake.com/en/sql-reference/functions/dateadd."""
    unit = node.args.get("unit")
    return dialect == "snowflake" and unit is not None and unit.name.lower() in _DATE_UNITS


def _is_two_ways(node: exp.Expr) -> bool:
    """Whether the function is DuckDB's `epoch_ms`, which takes numbers to moments and the reverse."""
    return node.args.get("scale") is not None and isinstance(node, exp.UnixToTime)


def _kind_of_sum(left: Kind, right: exp.Expr, of: KindOf) -> Kind:
    if isinstance(right, exp.Interval):
        return BoundType.TIMESTAMP if is_wall(left) else left if is_time(left) else None
    if left in (BoundType.DATE, BoundType.INTEGER) and of(right) is BoundType.INTEGER:
        return left
    return None
