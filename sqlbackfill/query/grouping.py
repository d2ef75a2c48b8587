"""Which terms survive an aggregation: the keys of GROUP BY, in all its forms."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query.determinism import is_aggregate
from sqlbackfill.query.scopes import Scope
from sqlbackfill.query.shown import own_nodes
from sqlbackfill.query.terms import Range, Term, Terms

_GROUP_ARGS: Final = frozenset({"expressions", "all", "rollup", "cube", "grouping_sets"})
_SUPER: Final = (exp.Rollup, exp.Cube, exp.GroupingSets)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How a SELECT aggregates. `keys` are terms; with `is_super` some rows have NULL in their place."""

    keys: frozenset[Term]
    is_super: bool
    node: exp.Expr

    def kept(self, term: Term, range_: Range, terms: Terms) -> bool:
        """Whether a bound on groups is a bound on the rows that go into them."""
        if term not in self.keys:
            return False
        return not self.is_super or (not range_.nulls and bool(terms.info[term].strict))


def grouping_of(scope: Scope, terms: Terms) -> Grouping | None:
    """The aggregation of a SELECT, None if it has none."""
    select = scope.select
    group = select.args.get("group")
    if group is None:
        aggregate = _first_aggregate(scope)
        return None if aggregate is None else Grouping(frozenset(), False, aggregate)
    nodes, is_super = key_nodes(group, select)
    keys = frozenset(terms.of(node, scope) for node in nodes)
    return Grouping(keys, is_super, group)


def is_understood_group(select: exp.Select) -> bool:
    """Whether GROUP BY, if there is one, has only parts that have a rule."""
    group = select.args.get("group")
    return group is None or not any(v for k, v in group.args.items() if k not in _GROUP_ARGS)


def key_nodes(group: exp.Group, select: exp.Select) -> tuple[list[exp.Expr], bool]:
    """The expressions that groups are formed by, and whether some rows leave some of them out."""
    if group.args.get("all"):
        plain = [
            node
            for node in select.expressions
            if not node.is_star
            and not any(
                is_aggregate(n) or isinstance(n, (exp.Window, exp.Query)) for n in node.walk()
            )
        ]
        return plain, False
    nodes = list(group.expressions)
    for key in ("rollup", "cube", "grouping_sets"):
        nodes += group.args.get(key) or []
    is_super = any(isinstance(node, _SUPER) for node in nodes)
    return [_shown(leaf, select) for node in nodes for leaf in _flat(node)], is_super


def _shown(node: exp.Expr, select: exp.Select) -> exp.Expr:
    """The expression that a position in GROUP BY names."""
    if not isinstance(node, exp.Literal) or not node.is_int:
        return node
    position, shown = int(node.name), select.expressions
    if not 1 <= position <= len(shown) or any(one.is_star for one in shown):
        return node
    expression: exp.Expr = shown[position - 1].unalias()
    return expression


def _flat(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, (*_SUPER, exp.Tuple)):
        return [leaf for child in node.expressions for leaf in _flat(child)]
    return [node]


def _first_aggregate(scope: Scope) -> exp.Expr | None:
    select = scope.select
    if select.args.get("having") is not None:
        return select
    clauses = [select.args[k] for k in ("qualify", "order") if select.args.get(k)]
    for inner in (*scope.shown.calls, *(n for clause in clauses for n in own_nodes(clause))):
        if is_aggregate(inner) and not _is_window_function(inner):
            return inner
    return None


def _is_window_function(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, (exp.IgnoreNulls, exp.RespectNulls, exp.Filter, exp.WithinGroup)):
        node, parent = parent, parent.parent
    return isinstance(parent, exp.Window) and parent.this is node
