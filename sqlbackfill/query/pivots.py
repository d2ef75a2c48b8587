"""Which columns PIVOT and UNPIVOT pass on unchanged: those that rows are grouped by, or those of the row.

PIVOT is an aggregation by every column that it does not name (or by its own GROUP BY); UNPIVOT makes
rows of one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot import exp

from sqlbackfill.query.determinism import is_aggregate, is_unknown_function

_PIVOT_ARGS: Final = frozenset(
    {
        "alias", "expressions", "fields", "unpivot", "group", "columns", "default_on_null", "include_nulls",
        "identify_pivot_strings", "prefixed_pivot_columns", "pivot_column_naming", "value_columns_first",
    }
)  # fmt: skip


def pivot_of(node: exp.Expr) -> exp.Pivot | None:
    """The one pivot of an item of FROM, if it has a rule."""
    pivots = node.args.get("pivots") or []
    if len(pivots) != 1 or not isinstance(pivots[0], exp.Pivot):
        return None
    pivot = pivots[0]
    return pivot if pivot.alias and _is_understood(pivot) else None


def passed_on(pivot: exp.Pivot, inner: Sequence[str]) -> Mapping[str, str] | None:
    """The inner column by the name of each output column that shows it; None where that is not certain.

    `inner` are all columns of what is pivoted, in order.
    """
    if len({*inner}) != len(inner):
        return None
    if pivot.unpivot:
        named, made = _names_in(pivot.fields), sorted(_made_by_unpivot(pivot))
    else:
        named = {c.name for node in _read_by_pivot(pivot) for c in node.find_all(exp.Column)}
        made = [column.name for column in pivot.args.get("columns") or ()]
    kept = [name for name in inner if name not in named]
    group = pivot.args.get("group")
    if group is not None:
        kept = [key.name for key in group.expressions]
    if not made or any(name not in inner for name in kept):
        return None
    shown = list(kept)
    renamed = [column.name for column in pivot.args["alias"].args.get("columns") or ()]
    if renamed:
        is_ordered = not pivot.unpivot and (group is None or len(kept) == 1)
        if not is_ordered or len(renamed) != len(kept) + len(made):
            return None
        shown, made = renamed[: len(kept)], renamed[len(kept) :]
    # An engine that finds a name taken already may give it to either column.
    taken = {name.lower() for name in made}
    return {
        name: column
        for name, column in zip(shown, kept, strict=True)
        if name.lower() not in taken and shown.count(name) == 1
    }


def columns_of(pivot: exp.Pivot) -> set[str]:
    """The inner columns that the pivot's own output columns are computed from."""
    return {column.name for column in pivot.find_all(exp.Column)}


def _is_understood(pivot: exp.Pivot) -> bool:
    if any(value for key, value in pivot.args.items() if key not in _PIVOT_ARGS):
        return False
    group = pivot.args.get("group")
    if group is not None and (
        any(v for k, v in group.args.items() if k != "expressions")
        or not all(isinstance(key, exp.Column) for key in group.expressions)
    ):
        return False
    for field in pivot.fields:
        if not isinstance(field, exp.In) or not field.expressions:
            return False  # the values, and so the columns, depend on the data
        if not pivot.unpivot and any(value.find(exp.Column) for value in field.expressions):
            return False
    for node in pivot.walk():
        if isinstance(node, (exp.Query, exp.Star, exp.Window, exp.PivotAny, exp.Columns)):
            return False
        if is_unknown_function(node):
            return False
    return pivot.unpivot or all(
        any(is_aggregate(node) for node in one.walk()) for one in pivot.expressions
    )


def _names_in(nodes: Sequence[exp.Expr]) -> set[str]:
    return {name.name for node in nodes for name in node.find_all(exp.Identifier)}


def _read_by_pivot(pivot: exp.Pivot) -> list[exp.Expr]:
    return [*pivot.expressions, *(field.this for field in pivot.fields)]


def _made_by_unpivot(pivot: exp.Pivot) -> set[str]:
    return _names_in([*pivot.expressions, *(field.this for field in pivot.fields)])
