"""UNION, INTERSECT and EXCEPT in canonical form, from the canonical forms of their arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.query.blocks import Block, Unresolvable, only, short_hash

Arm: TypeAlias = Callable[[exp.Expr], Block]

_PARTS: Final = frozenset(
    ["this", "expression", "distinct", "by_name", "order", "limit", "offset", "with_"]
)


def set_operation(query: exp.SetOperation, arm: Arm, *, order_shows: bool) -> Block:
    """The block of a set operation without its ORDER BY and LIMIT; `arm` gives those of its arms.

    Where `order_shows`, the order in which arms are written counts.
    """
    only(query, _PARTS)
    is_union_all = type(query) is exp.Union and not query.args.get("distinct")
    if query.args.get("by_name"):
        return _by_name(query, arm, is_union_all=is_union_all)
    if is_union_all:
        return _union_all(query, arm, order_shows=order_shows)
    left, right = _arms([query.this, query.expression], arm)
    kind = f"{query.key} {bool(query.args.get('distinct'))}"
    rows = [kind, left.rows, *left.columns(), right.rows, *right.columns()]
    return Block(short_hash("\n".join(rows)), left.names, lambda position: f"at({position})")


def limited(query: exp.SetOperation, block: Block, cuts: Sequence[str]) -> Block:
    """The block behind ORDER BY and LIMIT, which name the output columns; `cuts` prints the LIMIT."""
    order = query.args.get("order")
    keys = []
    for one in order.expressions if order is not None else ():
        column = one.this
        if type(column) is not exp.Column or column.args.get("table") is not None:
            raise Unresolvable
        flags = [name for name in ("desc", "nulls_first") if one.args.get(name)]
        keys.append(f"{block.column(column.name)} {flags}")
    rows = short_hash("\n".join(("limited", block.rows, *keys, *cuts)))
    return Block(rows, block.names, block.column_at)


def _arms(nodes: Sequence[exp.Expr], arm: Arm) -> list[Block]:
    arms = [arm(node) for node in nodes]
    if any(one.names is None for one in arms):
        raise Unresolvable
    return arms


def _union_all(query: exp.SetOperation, arm: Arm, *, order_shows: bool) -> Block:
    nodes = _chain(query)
    alike = _same_types(nodes)
    if len(nodes) > 2 and not alike:
        nodes = [query.this, query.expression]
        alike = _same_types(nodes)
    arms = _arms(nodes, arm)
    names = arms[0].names or ()
    if any(len(one.names or ()) != len(names) for one in arms):
        raise Unresolvable
    if alike and not order_shows:
        told_apart = len({one.rows for one in arms}) == len(arms)
        arms.sort(key=lambda one: (one.rows, *(() if told_apart else one.columns())))
    rows = short_hash("\n".join(("union all", *(one.rows for one in arms))))
    return Block(rows, names, lambda i: short_hash("\n".join(one.column_at(i) for one in arms)))


def _by_name(query: exp.SetOperation, arm: Arm, *, is_union_all: bool) -> Block:
    left, right = _arms([query.this, query.expression], arm)
    first, second = left.names or (), right.names or ()
    names = (*first, *(name for name in second if name not in first))
    if len({*first}) < len(first) or len({*second}) < len(second):
        raise Unresolvable

    def column(position: int) -> str:
        name = names[position]
        texts = [
            one.column(name) if name in (one.names or ()) else "absent" for one in (left, right)
        ]
        return short_hash("\n".join(texts))

    kind = f"{query.key} by name {bool(query.args.get('distinct'))}"
    columns = [] if is_union_all else sorted(column(i) for i in range(len(names)))
    return Block(short_hash("\n".join((kind, left.rows, right.rows, *columns))), names, column)


def _chain(query: exp.SetOperation) -> list[exp.Expr]:
    """The arms of a chain of UNION ALL from left to right."""
    arms: list[exp.Expr] = [query.expression]
    left: exp.Expr = query.this
    while True:
        inner = left
        while type(inner) is exp.Subquery and not any(
            value for name, value in inner.args.items() if name not in ("this", "alias")
        ):
            inner = inner.this
        is_plain = type(inner) is exp.Union and not any(
            value for name, value in inner.args.items() if name not in ("this", "expression")
        )
        if not is_plain:
            return [left, *arms]
        arms.insert(0, inner.args["expression"])
        left = inner.this


def _same_types(arms: Sequence[exp.Expr]) -> bool:
    """Whether all arms have columns of the same known types, so that none is converted."""
    types = []
    for arm in arms:
        query = arm.unnest() if isinstance(arm, exp.Subquery) else arm
        if not isinstance(query, exp.Select):
            return False
        types.append([item.type for item in query.selects])
    if any(one is None or one.this is exp.DType.UNKNOWN for row in types for one in row):
        return False
    return all(row == types[0] for row in types)
