"""What an ASOF join asks of a row before it takes the nearest one: equal keys and one inequality."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.query.conditions import Condition, ConditionReader, conjuncts
from sqlbackfill.query.scopes import Scope, resolve
from sqlbackfill.query.terms import Owner

_INEQUALITIES: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE)


def asof_condition(
    node: exp.Join,
    scope: Scope,
    reader: ConditionReader,
    sides: tuple[frozenset[Owner], frozenset[Owner]],
) -> Condition | None:
    """The edges between the two sides; None where the inequality is not plain to see.

    Conditions beside these only count as filters of unknown order, and none bounds anything here.
    """
    on, match = node.args.get("on"), node.args.get("match_condition")
    parts = conjuncts(on) if on is not None else []
    matching = conjuncts(match) if match is not None else []
    inequalities = [one for one in (*parts, *matching) if isinstance(one, _INEQUALITIES)]
    if len(inequalities) != 1 or any(isinstance(one, exp.Between) for one in parts):
        return None
    if not _is_across(inequalities[0], scope, sides):
        return None
    keys = [one for one in parts if isinstance(one, exp.EQ) and _is_across(one, scope, sides)]
    read = reader.read([*keys, *inequalities], scope)
    return Condition(edges=read.edges, rejects=read.rejects)


def nearest_by(node: exp.Join, alias: str) -> frozenset[str]:
    """The columns of `alias` that ON and MATCH_CONDITION compare with the other side as they are."""
    found = set()
    for clause in (node.args.get("on"), node.args.get("match_condition")):
        for one in conjuncts(clause) if clause is not None else ():
            if isinstance(one, (exp.EQ, *_INEQUALITIES)):
                found |= {
                    side.name
                    for side, other in ((one.this, one.expression), (one.expression, one.this))
                    if isinstance(side, exp.Column) and side.table == alias
                    if (tables := {c.table for c in other.find_all(exp.Column)})
                    if alias not in tables
                }
    return frozenset(found)


def _is_across(
    node: exp.Expr, scope: Scope, sides: tuple[frozenset[Owner], frozenset[Owner]]
) -> bool:
    """Whether the comparison has one side of each operand."""
    left, right = _owners(node.this, scope), _owners(node.expression, scope)
    if not left or not right:
        return False
    return (left <= sides[0] and right <= sides[1]) or (left <= sides[1] and right <= sides[0])


def _owners(node: exp.Expr, scope: Scope) -> frozenset[Owner]:
    found = [resolve(column, scope) for column in node.find_all(exp.Column)]
    return frozenset((one[0].number, one[1].alias) if one else (-1, "?") for one in found)
