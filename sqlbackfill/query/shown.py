"""What a SELECT shows, looked through once: its items by name, and the parts of those that compute something."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field

_LEAVES: Final = frozenset({exp.Column, exp.Literal, exp.Identifier, exp.DataType})
_INERT: Final = _LEAVES | {
    exp.Alias, exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.EQ, exp.NEQ, exp.GT, exp.GTE,
    exp.LT, exp.LTE, exp.Is, exp.Null, exp.Boolean, exp.And, exp.Or, exp.Not, exp.Case, exp.If, exp.Cast,
    exp.Coalesce, exp.Ordered, exp.Order, exp.WindowSpec, exp.Interval, exp.Var,
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Shown:
    """The items of one SELECT. `by_name` has None for a name that several items have.

    `computed` are the items that are more than a column and a name for it.
    """

    stars: list[exp.Expr] = field(default_factory=list)
    by_name: dict[str, exp.Expr | None] = field(default_factory=dict)
    computed: list[exp.Expr] = field(default_factory=list)
    _calls: list[exp.Expr] | None = None
    _queries: list[exp.Query] = field(default_factory=list)

    @staticmethod
    def of(select: exp.Select) -> Shown:
        """The items of `select`, which must not change afterwards."""
        shown = Shown()
        for item in select.expressions:
            if not _is_plain(item):
                shown.computed.append(item)
                if item.is_star:
                    shown.stars.append(item)
                    continue
            name = item.alias_or_name
            shown.by_name[name] = None if name in shown.by_name else item
        return shown

    @property
    def calls(self) -> list[exp.Expr]:
        """The `own_nodes` of the items, item by item, without names, literals, casts and plain operators."""
        if self._calls is None:
            self._calls = self._walk()
        return self._calls

    @property
    def queries(self) -> list[exp.Query]:
        """The `outermost_queries` of the items, item by item."""
        if self._calls is None:
            self._calls = self._walk()
        return self._queries

    def _walk(self) -> list[exp.Expr]:
        calls: list[exp.Expr] = []
        for item in self.computed:
            stack = [item]
            while stack:
                current = stack.pop()
                kind = type(current)
                if kind not in _INERT:
                    calls.append(current)
                elif kind in _LEAVES:
                    continue
                for child in current.iter_expressions():
                    if isinstance(child, exp.Query):
                        self._queries.append(child)
                    else:
                        stack.append(child)
        return calls


def _is_plain(item: exp.Expr) -> bool:
    node = item.this if type(item) is exp.Alias else item
    return type(node) is exp.Column and type(node.this) is exp.Identifier


def own_nodes(node: exp.Expr) -> list[exp.Expr]:
    """`node` and all below it except nested queries."""
    result, stack = [], [node]
    while stack:
        current = stack.pop()
        result.append(current)
        if type(current) not in _LEAVES:
            stack += [c for c in current.iter_expressions() if not isinstance(c, exp.Query)]
    return result


def outermost_queries(node: exp.Expr) -> list[exp.Query]:
    """The outermost queries below `node`."""
    found: list[exp.Query] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if type(current) in _LEAVES:
            continue
        for child in current.iter_expressions():
            if isinstance(child, exp.Query):
                found.append(child)
            else:
                stack.append(child)
    return found


def classes_in(tree: exp.Expr) -> frozenset[type[exp.Expr]]:
    """The classes of all nodes of `tree`."""
    return frozenset(map(type, tree.walk()))
