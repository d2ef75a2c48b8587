"""Whether an order is total: whether rows that are equal in it are equal altogether, or one row."""

from __future__ import annotations

from sqlglot import exp

from sqlbackfill.query.grouping import key_nodes


def is_total(node: exp.Expr, by: tuple[exp.Expr, ...] | None = None) -> bool:
    """Whether the ORDER BY of a query block (or the expressions `by` in a SELECT) leave no choice."""
    order = node.args.get("order")
    nodes = by if by is not None else tuple(o.this for o in order.expressions) if order else ()
    if not nodes:
        return False
    texts = {_text(n) for n in nodes}
    if not isinstance(node, exp.Select):
        return False
    if by is None and not any(e.is_star for e in node.expressions):
        shown = [(_text(e.unalias()), _text(exp.column(e.alias_or_name))) for e in node.expressions]
        if shown and all(full in texts or name in texts for full, name in shown):
            return True
    group = node.args.get("group")
    if group is not None:
        keys, is_super = key_nodes(group, node)
        shown_as = {
            _text(e.unalias()): _text(exp.column(e.alias_or_name)) for e in node.expressions
        }
        return not is_super and all(
            _text(k) in texts or shown_as.get(_text(k), "\0") in texts for k in keys
        )
    return False


def _text(node: exp.Expr) -> str:
    while isinstance(node, exp.Paren):
        node = node.this
    return node.sql()
