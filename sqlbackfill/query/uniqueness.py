"""Whether an order is total: whether rows that are equal in it are equal altogether, or one row."""

from __future__ import annotations

from typing import TypeAlias

from sqlglot import exp

from sqlbackfill.query.grouping import key_nodes
from sqlbackfill.query.scopes import (
    CteSource,
    QuerySource,
    RowSource,
    Scope,
    Source,
    TableSource,
    resolve,
)

Key: TypeAlias = frozenset[str]


def orders_output(node: exp.Expr) -> bool:
    """Whether ORDER BY of a query block leaves a LIMIT no choice: every output column is in it."""
    order = node.args.get("order")
    if order is None or not isinstance(node, exp.Select):
        return False
    texts = {_text(one.this) for one in order.expressions}
    if _covers_groups(node, texts):
        return True
    if any(one.is_star for one in node.expressions):
        return False
    return all(
        _text(one.unalias()) in texts or _text(exp.column(one.alias_or_name)) in texts
        for one in node.expressions
    )


def tells_rows_apart(scope: Scope, by: tuple[exp.Expr, ...]) -> bool:
    """Whether no two rows that a window of the SELECT sees are equal in all of `by`."""
    select = scope.select
    if select.args.get("group") is not None:
        return _covers_groups(select, {_text(node) for node in by})
    names: dict[str, set[str]] = {}
    for node in by:
        while isinstance(node, exp.Paren):
            node = node.this
        found = resolve(node, scope) if isinstance(node, exp.Column) else None
        if found is not None and found[0] is scope:
            names.setdefault(found[1].alias, set()).add(node.name)
    # A joined row is told by its parts; a part that an outer join leaves out is told by its absence.
    return bool(scope.sources) and all(
        any(key <= names.get(alias, set()) for key in _keys(source))
        for alias, source in scope.sources.items()
    )


def _keys(source: Source) -> tuple[Key, ...]:
    match source:
        case TableSource(ref=ref) if ref is not None:
            return tuple(frozenset(key) for key in ref.unique_keys)
        case CteSource(cte=cte) if not cte.renames:
            return _keys_of(cte.query)
        case QuerySource(query=query, renames=False, is_lateral=False):
            return _keys_of(query)
        case TableSource() | CteSource() | QuerySource() | RowSource():
            return ()


def _keys_of(query: exp.Expr) -> tuple[Key, ...]:
    """The sets of output columns of a query block that no two of its rows share."""
    if not isinstance(query, exp.Select) or any(one.is_star for one in query.expressions):
        return ()
    distinct = query.args.get("distinct")
    if distinct is not None and not distinct.args.get("on"):
        return (frozenset(one.alias_or_name for one in query.expressions),)
    group = query.args.get("group")
    if group is None:
        return ()
    keys, is_super = key_nodes(group, query)
    shown = {_text(one.unalias()): one.alias_or_name for one in query.expressions}
    if is_super or any(_text(key) not in shown for key in keys):
        return ()
    return (frozenset(shown[_text(key)] for key in keys),)


def _covers_groups(select: exp.Select, texts: set[str]) -> bool:
    group = select.args.get("group")
    if group is None:
        return False
    keys, is_super = key_nodes(group, select)
    shown = {
        _text(one.unalias()): _text(exp.column(one.alias_or_name)) for one in select.expressions
    }
    return not is_super and all(
        _text(key) in texts or shown.get(_text(key), "\0") in texts for key in keys
    )


def _text(node: exp.Expr) -> str:
    while isinstance(node, exp.Paren):
        node = node.this
    return node.sql()
