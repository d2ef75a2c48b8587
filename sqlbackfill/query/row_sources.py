"""Rows that come from no table: which of them depend on nothing, and of what kind their values are."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.kinds import (
    DATE_ARITHMETIC,
    SPARK_FAMILY,
    Kind,
    KindOf,
    is_wall,
    joint,
    kind_of_type,
)
from sqlbackfill.query.sources import RowSource
from sqlbackfill.query.units import interval_of, moved_by, whole_number

_SERIES: Final = (exp.GenerateSeries, exp.ExplodingGenerateSeries)
_EXPLODING: Final = (exp.Explode, exp.ExplodeOuter)


def is_row_function(node: exp.Expr) -> bool:
    """Whether an item of FROM is a function that makes rows of its arguments alone."""
    if isinstance(node, exp.Table):
        return isinstance(node.this, (*_SERIES, exp.GenerateDateArray))
    if not isinstance(node, exp.TableFromRows):
        return False
    made = node.this
    if isinstance(made, exp.Generator):
        # A time limit makes as many rows as there is time for.
        return not any(value for key, value in made.args.items() if key != "rowcount")
    return isinstance(made, _EXPLODING)


def is_generated(source: RowSource) -> bool:
    """Whether the rows are the same whatever is in the tables."""
    return source.made_of.find(exp.Column, exp.Query) is None


def element_kind(source: RowSource, name: str, lists: KindOf) -> Kind:
    """The kind of column `name`; None for all but the elements of a list. `lists` tells their kind."""
    listed = listed_in(source, name)
    return lists(listed) if listed is not None else None


def listed_in(source: RowSource, name: str) -> exp.Expr | None:
    """The list whose elements are in column `name`; None where it is another column, or there are several."""
    node = source.node
    alias = node.args.get("alias")
    names = [column.name for column in alias.args.get("columns") or ()] if alias else []
    listed: exp.Expr | None = None
    if isinstance(node, exp.Table):
        listed = node.this if names in ([], [name]) else None
    elif names[:1] != [name]:
        return None
    elif isinstance(node, exp.Unnest) and len(node.expressions) == 1:
        listed = node.expressions[0]
    elif isinstance(node, exp.Lateral) and len(names) == 1:
        if type(node.this) in _EXPLODING:
            listed = node.this.this
        elif isinstance(node.this, _SERIES):
            listed = node.this
    return listed


def ends_of(listed: exp.Expr, dialect: str) -> tuple[exp.Expr, exp.Expr] | None:
    """The values between which all elements of a series lie, the lower first; None for any other list."""
    if not isinstance(listed, (*_SERIES, exp.GenerateDateArray)):
        return None
    start, end, step = (listed.args.get(key) for key in ("start", "end", "step"))
    if not isinstance(start, exp.Expr) or not isinstance(end, exp.Expr):
        return None
    if isinstance(step, exp.Interval):
        given = interval_of(step)
        ascends = given is not None and given[1] > 0
    elif step is not None:
        ascends = (whole_number(step) or 0) > 0
    else:
        # Without a step Spark's goes down where its end is before its start.
        ascends = dialect not in SPARK_FAMILY or _is_not_before(end, start)
    return (start, end) if ascends else None


def _is_not_before(end: exp.Expr, start: exp.Expr) -> bool:
    given = moved_by(end) if isinstance(end, DATE_ARITHMETIC) else None
    return given is not None and given[1] >= 0 and bool(end.this == start)


def exploded(node: exp.Expr) -> exp.Expr | None:
    """The list whose elements an expression of a SELECT list gives a row each."""
    while isinstance(node, (exp.Alias, exp.Paren)):
        node = node.this
    return node.this if type(node) in _EXPLODING and isinstance(node.this, exp.Expr) else None


def kind_of_elements(listed: exp.Expr, kind: KindOf, dialect: str) -> Kind:
    """The kind of the elements of a list that the SQL makes itself, as the engine makes them."""
    if isinstance(listed, exp.GenerateDateArray):
        return BoundType.DATE
    if isinstance(listed, exp.Array):
        return joint([kind(one) for one in listed.expressions])
    if isinstance(listed, _SERIES):
        return _series_kind(listed, kind, dialect)
    return None


def kind_of_list_type(type_: exp.DataType | None, dialect: str) -> Kind:
    """The kind of the elements of a column of type ARRAY."""
    if type_ is None or type_.this is not exp.DataType.Type.ARRAY or len(type_.expressions) != 1:
        return None
    inner = type_.expressions[0]
    return kind_of_type(inner, dialect) if isinstance(inner, exp.DataType) else None


def _series_kind(series: exp.Expr, kind: KindOf, dialect: str) -> Kind:
    start, step = series.args.get("start"), series.args.get("step")
    first = kind(start) if start is not None else None
    if first is BoundType.INTEGER:
        return first if step is None or kind(step) is BoundType.INTEGER else None
    if dialect in SPARK_FAMILY and step is None and first is BoundType.DATE:
        return first
    if not isinstance(step, exp.Interval) or first is None or first is BoundType.TEXT:
        return None
    if dialect == "duckdb":
        return BoundType.TIMESTAMP if is_wall(first) else first
    if dialect == "postgres":
        # Dates are read as instants of the session's time zone.
        return BoundType.TIMESTAMPTZ if first is BoundType.DATE else first
    return first if dialect in SPARK_FAMILY else None
