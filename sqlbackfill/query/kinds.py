"""The kind of value an expression has, as far as the read-window pass must know it. No names are resolved here.

Only kinds that are certain are given; None stops every deduction through the expression.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType

Kind: TypeAlias = BoundType | None
KindOf: TypeAlias = Callable[[exp.Expr], Kind]

_T = exp.DataType.Type
_KINDS: Final = {
    _T.DATE: BoundType.DATE,
    _T.DATE32: BoundType.DATE,
    _T.TIMESTAMP: BoundType.TIMESTAMP,
    _T.TIMESTAMPNTZ: BoundType.TIMESTAMP,
    _T.DATETIME: BoundType.TIMESTAMP,
    _T.DATETIME2: BoundType.TIMESTAMP,
    _T.TIMESTAMP_S: BoundType.TIMESTAMP,
    _T.TIMESTAMP_MS: BoundType.TIMESTAMP,
    _T.TIMESTAMP_NS: BoundType.TIMESTAMP,
    _T.TIMESTAMPTZ: BoundType.TIMESTAMPTZ,
    _T.TIMESTAMPLTZ: BoundType.TIMESTAMPTZ,
    _T.TINYINT: BoundType.INTEGER,
    _T.SMALLINT: BoundType.INTEGER,
    _T.INT: BoundType.INTEGER,
    _T.BIGINT: BoundType.INTEGER,
    _T.INT128: BoundType.INTEGER,
    _T.UTINYINT: BoundType.INTEGER,
    _T.USMALLINT: BoundType.INTEGER,
    _T.UINT: BoundType.INTEGER,
    _T.UBIGINT: BoundType.INTEGER,
    _T.VARCHAR: BoundType.TEXT,
    _T.TEXT: BoundType.TEXT,
}
# Values that are finer or coarser than a microsecond: a comparison or a cast may round them.
_OTHER_PRECISION: Final = {_T.TIMESTAMP_NS, _T.DATETIME2}
_WALL: Final = frozenset({BoundType.DATE, BoundType.TIMESTAMP})
_TIMES: Final = _WALL | {BoundType.TIMESTAMPTZ}
_OWN_OFFSET_DIALECTS: Final = frozenset({"snowflake"})


def kind_of_type(type_: exp.DataType | None, dialect: str) -> Kind:
    """The kind of a SQL type; None for types that no deduction is made about."""
    if type_ is None or type_.args.get("nested"):
        return None
    kind = _KINDS.get(type_.this)
    if kind is BoundType.TIMESTAMPTZ and dialect in _OWN_OFFSET_DIALECTS:
        return None if type_.this is _T.TIMESTAMPTZ else kind
    return kind


def rounds(type_: exp.DataType | None) -> bool:
    """Whether values of the type may be rounded when they are compared with microseconds."""
    return type_ is not None and (
        type_.this in _OTHER_PRECISION
        or (bool(type_.expressions) and _KINDS.get(type_.this) in _TIMES)
    )


def is_time(kind: Kind) -> bool:
    """Whether values are dates or moments."""
    return kind in _TIMES


def is_wall(kind: Kind) -> bool:
    """Whether values are readings of a clock or calendar rather than instants."""
    return kind in _WALL


def same_axis(a: Kind, b: Kind) -> bool:
    """Whether two kinds can be compared without a time zone and without reading text."""
    return a is not None and (a is b or (is_wall(a) and is_wall(b)))


def joint(kinds: list[Kind]) -> Kind:
    """The kind of a value that is one of several, such as a CASE's arms."""
    if not kinds or any(not same_axis(kinds[0], kind) for kind in kinds):
        return None
    return kinds[0] if all(kind is kinds[0] for kind in kinds) else BoundType.TIMESTAMP


_SAME_AS_ARGUMENT: Final = (exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last)
_DATE_FUNCTIONS: Final = (exp.TsOrDsToDate, exp.Date, exp.CurrentDate)
_INSTANT_FUNCTIONS: Final = (exp.CurrentTimestamp,)


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


def arms_of(node: exp.Case | exp.If) -> list[exp.Expr]:
    """The values that a CASE or IF may give, NULL ones left out; [NULL] kept if a default is missing."""
    if isinstance(node, exp.If):
        arms = [node.args["true"], node.args.get("false")]
    else:
        arms = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    return [arm for arm in arms if arm is not None and not isinstance(arm, exp.Null)]


def _kind_of_computed(node: exp.Expr, of: KindOf, dialect: str) -> Kind:
    zone = zone_change(node)
    if zone is not None:
        inner = of(zone[1])
        flipped = {
            BoundType.TIMESTAMPTZ: BoundType.TIMESTAMP,
            BoundType.TIMESTAMP: BoundType.TIMESTAMPTZ,
        }
        return flipped.get(inner) if inner is not None else None
    if isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)):
        inner = of(node.this)
        if inner is BoundType.DATE and dialect in ("postgres", "redshift"):
            return None  # PostgreSQL truncates a date as a timestamp with time zone
        return inner if is_time(inner) else None
    if isinstance(node, (exp.Add, exp.Sub)):
        return _kind_of_sum(of(node.this), node.expression, of)
    if isinstance(node, DATE_ARITHMETIC):
        inner = of(node.this)
        return BoundType.TIMESTAMP if inner is BoundType.DATE else inner if is_time(inner) else None
    return None


def _kind_of_sum(left: Kind, right: exp.Expr, of: KindOf) -> Kind:
    if isinstance(right, exp.Interval):
        return BoundType.TIMESTAMP if is_wall(left) else left if is_time(left) else None
    if left in (BoundType.DATE, BoundType.INTEGER) and of(right) is BoundType.INTEGER:
        return left
    return None


DATE_ARITHMETIC: Final = (
    exp.DateAdd,
    exp.DateSub,
    exp.TsOrDsAdd,
    exp.TimestampAdd,
    exp.TimestampSub,
    exp.DatetimeAdd,
    exp.DatetimeSub,
)


def zone_change(node: exp.Expr) -> tuple[str, exp.Expr] | None:
    """(zone, argument) of a change between instants and local readings in a named zone."""
    if isinstance(node, exp.AtTimeZone):
        zone, argument = node.args.get("zone"), node.this
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "timezone":
        if len(node.expressions) != 2:
            return None
        zone, argument = node.expressions
    else:
        return None
    if isinstance(zone, exp.Literal) and zone.is_string:
        return zone.name, argument
    return None
