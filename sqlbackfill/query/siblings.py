"""Edges between the columns that one query shows, where one is computed from another or both from a third."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.chains import chains
from sqlbackfill.query.determinism import IMPURE, is_aggregate, is_clock, is_volatile
from sqlbackfill.query.grouping import key_nodes
from sqlbackfill.query.images import NOTHING
from sqlbackfill.query.kinds import is_time
from sqlbackfill.query.relations import declare
from sqlbackfill.query.scopes import Scope, Scopes
from sqlbackfill.query.sources import (
    CteSource,
    PivotSource,
    QuerySource,
    RowSource,
    Source,
    TableSource,
    has_column_aliases,
)
from sqlbackfill.query.terms import Edge, Term, Terms

_WRAPPING: Final = frozenset({"this", "alias", "with_", "order", "limit", "offset"})


def describe(scope: Scope, terms: Terms) -> None:
    """Adds what is known of every row of the sources of `scope`, once: what authors declare of tables, and
    what queries show of their columns.
    """
    if scope.number in terms.described:
        return
    terms.described.add(scope.number)
    declare(scope, terms)
    for source in scope.sources.values():
        inner = _select_of(source, scope, terms.scopes)
        if inner is not None:
            describe(inner, terms)
            _relate(source.alias, inner, scope, terms)


def _select_of(source: Source, scope: Scope, scopes: Scopes) -> Scope | None:
    """The one SELECT whose rows a source has, under the names that it gives its columns."""
    match source:
        case CteSource(cte=cte):
            if cte.renames or cte.is_recursive or has_column_aliases(source.node):
                return None
            query, env, parent = cte.query, cte.visible, None
        case QuerySource(renames=False, is_lateral=False):
            query, env, parent = source.query, source.env, scope.parent
        case TableSource() | QuerySource() | RowSource() | PivotSource():
            return None
    while isinstance(query, exp.Subquery):
        if any(value for key, value in query.args.items() if key not in _WRAPPING):
            return None
        env, query = scopes.enter(query, env)[0], query.this
    if not isinstance(query, exp.Select):
        return None
    return scopes.scope(query, scopes.enter(query, env)[0], parent)


def _relate(alias: str, inner: Scope, scope: Scope, terms: Terms) -> None:
    """Adds an edge for each pair of columns of `alias` of which one follows from the other."""
    shown = _connected(inner, terms)
    if sum(map(len, shown.values())) < 2:
        return
    for start, names in shown.items():
        for name in names:
            x = _outside(name, alias, scope, terms)
            for target, image, settles in chains(start, terms):
                for other in shown.get(target, ()):
                    y = _outside(other, alias, scope, terms)
                    terms.connect(Edge(x, y, image, NOTHING, x_settles=False, y_settles=settles))


def _connected(inner: Scope, terms: Terms) -> dict[Term, list[str]]:
    """The columns that `inner` shows and that have edges, by what they show."""
    group = inner.select.args.get("group")
    if inner.is_opaque or inner.shown.stars:
        return {}
    if group is not None and key_nodes(group, inner.select)[1]:
        return {}  # a key that is left out is NULL beside those that follow from it
    found: dict[Term, list[str]] = {}
    columns: list[tuple[str, exp.Column]] = []
    for name, item in inner.shown.by_name.items():
        node = item.unalias() if item is not None else None
        if isinstance(node, exp.Column):
            columns.append((name, node))
        elif node is not None and _may_follow(node, inner, terms):
            found.setdefault(terms.of(node, inner), []).append(name)
    if not found and inner.number not in terms.related:
        return {}
    for name, column in columns:
        found.setdefault(terms.of(column, inner), []).append(name)
    # What is compared with a column of another precision is its rounded value, the column is not.
    return {t: names for t, names in found.items() if t in terms.edges and not t.endswith("~")}


def _may_follow(node: exp.Expr, inner: Scope, terms: Terms) -> bool:
    """Whether it is a moment or number that is computed from columns of its row alone."""
    if isinstance(node, (exp.Case, exp.Coalesce, exp.Literal)):
        return False
    kind = terms.scopes.kind(node, inner)
    if not is_time(kind) and kind is not BoundType.INTEGER:
        return False
    return not any(_is_more(part) for part in node.walk())


def _is_more(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Window, exp.Query, exp.UDTF, exp.Explode)) or is_aggregate(node):
        return True
    return isinstance(node, IMPURE) and (is_volatile(node) or is_clock(node))


def _outside(name: str, alias: str, scope: Scope, terms: Terms) -> Term:
    terms.related.add(scope.number)
    column = exp.column(
        exp.to_identifier(name, quoted=True), table=exp.to_identifier(alias, quoted=True)
    )
    return terms.of(column, scope)
