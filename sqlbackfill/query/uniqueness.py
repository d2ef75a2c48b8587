"""Whether an order is total: whether rows that are equal in it are equal altogether, or one row.

Keys are sets of columns that no two rows share, NULL being equal to NULL, as it is to PARTITION BY.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, product
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.query.conditions import conjuncts
from sqlbackfill.query.determinism import is_unknown_function
from sqlbackfill.query.grouping import key_nodes
from sqlbackfill.query.scopes import Scope, Scopes, folded, resolve
from sqlbackfill.query.sources import (
    CteSource,
    Env,
    PivotSource,
    QuerySource,
    RowSource,
    Source,
    TableSource,
)
from sqlbackfill.query.spelling import text_of

Key: TypeAlias = frozenset[str]
_MOST_KEYS: Final = 8
_TESTING: Final = ("SEMI", "ANTI")
_MULTIPLYING: Final = (exp.UDTF, exp.GenerateSeries)
_SELECT_ARGS: Final = frozenset(
    {
        "with_", "expressions", "hint", "distinct", "from_", "joins", "where", "group", "having",
        "qualify", "windows", "order", "limit", "offset",
    }
)  # fmt: skip
_SUBQUERY_ARGS: Final = frozenset({"this", "alias", "with_"})
_OPERAND_ARGS: Final = frozenset({"this", "alias", "with_", "db", "catalog"})


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


def tells_rows_apart(scopes: Scopes, scope: Scope, by: Iterable[exp.Expr]) -> bool:
    """Whether no two rows that a window of the SELECT sees are equal in all of `by`."""
    nodes = tuple(by)
    if scope.select.args.get("group") is not None:
        return _covers_groups(scope.select, {_text(node) for node in nodes})
    found = {column for node in nodes if (column := _own_column(node, scope)) is not None}
    return any(key <= found for key in _row_keys(scopes, scope))


def tells_source_rows_apart(
    scopes: Scopes, scope: Scope, source: Source, names: frozenset[str]
) -> bool:
    """Whether no two rows of one source are equal in all the columns `names`."""
    return any(key <= names for key in _keys(scopes, scope, source))


def output_keys(
    scopes: Scopes, query: exp.Expr, env: Env, parent: Scope | None = None
) -> tuple[Key, ...]:
    """The sets of output columns of a query block that no two of its rows share."""
    while isinstance(query, exp.Subquery) and _has_only(query, _SUBQUERY_ARGS):
        env, _ = scopes.enter(query, env)
        query = query.this
    if not isinstance(query, exp.Select):
        return ()
    env, _ = scopes.enter(query, env)
    scope = scopes.scope(query, env, parent)
    if not _keeps_rows(scope):
        return ()
    names = [one.alias_or_name for one in query.expressions]
    distinct = query.args.get("distinct")
    keys: list[Key] = []
    if distinct is not None and not distinct.args.get("on"):
        keys.append(frozenset(names))
    if query.args.get("group") is not None:
        return (*keys, *_group_keys(query))
    keys += _numbered_keys(query)
    row_keys = _row_keys(scopes, scope)
    shown: dict[tuple[str, str], str] = {}
    for one in query.expressions if row_keys else ():
        column = _own_column(one.unalias(), scope)
        if column is not None:
            shown[column] = one.alias_or_name
    keys += [frozenset(shown[column] for column in key) for key in row_keys if key <= shown.keys()]
    return tuple(dict.fromkeys(keys))


def _has_only(node: exp.Expr, known: frozenset[str]) -> bool:
    return all(key in known for key, value in node.args.items() if value)


def _keeps_rows(scope: Scope) -> bool:
    """Whether the SELECT has only parts that are known to multiply no row, and names its columns."""
    shown = scope.shown
    if shown.stars or None in shown.by_name.values():
        return False
    return _has_only(scope.select, _SELECT_ARGS) and not any(
        isinstance(node, _MULTIPLYING) or is_unknown_function(node) for node in shown.calls
    )


def _own_column(node: exp.Expr, scope: Scope) -> tuple[str, str] | None:
    """(source, column) of a column of the SELECT's own sources."""
    while isinstance(node, exp.Paren):
        node = node.this
    found = resolve(node, scope) if isinstance(node, exp.Column) else None
    return (found[1].alias, node.name) if found is not None and found[0] is scope else None


def _row_keys(scopes: Scopes, scope: Scope) -> tuple[frozenset[tuple[str, str]], ...]:
    """Keys of the joined rows: a row is told by its parts, and a part that is left out by its absence.

    Not so where either side may be left out: both may have a row of nothing but NULLs.
    """
    joins = scope.select.args.get("joins") or []
    from_ = scope.select.args.get("from_")
    operands = [*([from_.this] if from_ is not None else []), *(join.this for join in joins)]
    if scope.is_opaque or scope.select.args.get("laterals"):
        return ()
    if not all(_has_only(one, _OPERAND_ARGS) for one in operands):
        return ()
    if any(join.args.get("method") or (join.side or "").upper() == "FULL" for join in joins):
        return ()
    unseen = {join.this.alias_or_name for join in joins if (join.kind or "").upper() in _TESTING}
    choices = [
        [frozenset((alias, column) for column in key) for key in _keys(scopes, scope, source)]
        for alias, source in scope.sources.items()
        if alias not in unseen
    ]
    chosen = islice(product(*choices), _MOST_KEYS) if choices else ()
    return tuple(frozenset().union(*parts) for parts in chosen)


def _keys(scopes: Scopes, scope: Scope, source: Source) -> tuple[Key, ...]:
    match source:
        case TableSource(ref=ref, node=node) if ref is not None and not _renames(node):
            return tuple(
                frozenset(folded(name, scopes.dialect) for name in key) for key in ref.unique_keys
            )
        case CteSource(cte=cte, node=node) if not (
            cte.renames or cte.is_recursive or _renames(node)
        ):
            return output_keys(scopes, cte.query, cte.visible)
        case QuerySource(query=query, env=env, renames=False, is_lateral=False):
            return output_keys(scopes, query, env, scope.parent)
        case TableSource() | CteSource() | QuerySource() | RowSource() | PivotSource():
            return ()


def _renames(node: exp.Table) -> bool:
    alias = node.args.get("alias")
    return isinstance(alias, exp.TableAlias) and bool(alias.args.get("columns"))


def _group_keys(query: exp.Select) -> tuple[Key, ...]:
    keys, is_super = key_nodes(query.args["group"], query)
    shown = _shown(query, keys)
    if is_super or any(_text(key) not in shown for key in keys):
        return ()
    return (frozenset(shown[_text(key)] for key in keys),)


def _numbered_keys(select: exp.Select) -> list[Key]:
    """The PARTITION BY of a row_number() of which QUALIFY keeps one."""
    qualify = select.args.get("qualify")
    found = []
    for node in conjuncts(qualify.this) if qualify is not None else ():
        if not isinstance(node, exp.EQ) or not isinstance(node.expression, exp.Literal):
            continue
        window = node.this
        if not isinstance(window, exp.Window) or not isinstance(window.this, exp.RowNumber):
            continue
        by = window.args.get("partition_by") or []
        shown = _shown(select, by)
        if not window.args.get("alias") and all(_text(one) in shown for one in by):
            found.append(frozenset(shown[_text(one)] for one in by))
    return found


def _covers_groups(select: exp.Select, texts: set[str]) -> bool:
    group = select.args.get("group")
    if group is None:
        return False
    keys, is_super = key_nodes(group, select)
    shown = {text: _text(exp.column(name)) for text, name in _shown(select, keys).items()}
    return not is_super and all(
        _text(key) in texts or shown.get(_text(key), "\0") in texts for key in keys
    )


def _shown(select: exp.Select, wanted: Iterable[exp.Expr]) -> dict[str, str]:
    """The names under which the SELECT shows expressions, by text; at least those that are `wanted`.

    Printing is slow: what is of another kind than all that is wanted is left out.
    """
    kinds = {type(_bare(node)) for node in wanted}
    return {
        _text(node): one.alias_or_name
        for one in select.expressions
        if type(_bare(node := one.unalias())) in kinds
    }


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _text(node: exp.Expr) -> str:
    node = _bare(node)
    if isinstance(node, exp.Column):
        parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
        if len(parts) == len(node.parts):
            return ".".join(f'"{part.name}"' if part.quoted else part.name for part in parts)
    return text_of(node)
