"""What a SELECT shows, looked through once: its items by name, and the parts of those that compute something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

_LEAVES: Final = frozenset({exp.Column, exp.Literal, exp.Identifier, exp.DataType})


@dataclass(slots=True, eq=False)
class Shown:
    """The items of one SELECT. `by_name` has None for a name that several items have.

    `computed` are the items that are more than a column and a name for it.
    """

    stars: list[exp.Expr] = field(default_factory=list)
    by_name: dict[str, exp.Expr | None] = field(default_factory=dict)
    computed: list[exp.Expr] = field(default_factory=list)
    _nodes: list[exp.Expr] | None = None

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
    def nodes(self) -> list[exp.Expr]:
        """The `own_nodes` of all that is computed, item by item."""
        if self._nodes is None:
            self._nodes = [node for item in self.computed for node in own_nodes(item)]
        return self._nodes


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
    """The classes of all nodes of `tree`, names that plain columns are made of left out."""
    found: set[type[exp.Expr]] = set()
    stack = [tree]
    while stack:
        current = stack.pop()
        kind = type(current)
        found.add(kind)
        if kind is not exp.Column or type(current.this) is not exp.Identifier:
            stack += current.iter_expressions()
    return frozenset(found)
