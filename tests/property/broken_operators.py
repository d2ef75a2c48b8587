"""Rules of the rarer operators, each broken on purpose: the harness must find a wrong row for every one.

A mutant patches one function; `sql` is a query that shows it on some of the random databases, in a form
that the generator says too, though not always soon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlglot import exp

from sqlbackfill.query import join_tree, joins, read_window, scopes, select_pass, windows
from sqlbackfill.query.conditions import Condition
from sqlbackfill.query.edges import EdgeRules, Link
from sqlbackfill.query.images import SAME
from sqlbackfill.query.joins import JoinPass
from sqlbackfill.query.recursion import handed_on
from sqlbackfill.query.scopes import output_names
from tests.property.broken_rules import Patch
from tests.property.random_queries import Query


@dataclass(frozen=True, slots=True)
class BrokenOperator:
    """A broken rule and a query that it gives wrong rows for."""

    name: str
    patch: Patch
    sql: str

    @property
    def query(self) -> Query:
        return Query(self.sql, ("ta", "tb"), "UTC")


def _made_columns_as_keys(patch: pytest.MonkeyPatch) -> None:
    """What a pivot makes taken for the inner column of that name."""
    real = scopes.passed_on

    def passed_on(pivot: exp.Pivot, inner: Any) -> Mapping[str, str] | None:
        found = real(pivot, inner)
        return None if found is None else {name: name for name in inner} | dict(found)

    patch.setattr(scopes, "passed_on", passed_on)


def _renamed_by_input(patch: pytest.MonkeyPatch) -> None:
    """The names behind a pivot given to the columns of its input, in order."""

    def passed_on(pivot: exp.Pivot, inner: Any) -> Mapping[str, str]:
        renamed = [column.name for column in pivot.args["alias"].args.get("columns") or ()]
        return dict(zip(renamed or inner, inner, strict=False))

    patch.setattr(scopes, "passed_on", passed_on)


def _values_of_unpivot(patch: pytest.MonkeyPatch) -> None:
    """The value that UNPIVOT makes of several columns taken for the first of them."""
    real = scopes.passed_on

    def passed_on(pivot: exp.Pivot, inner: Any) -> Mapping[str, str] | None:
        found = real(pivot, inner)
        if found is None or not pivot.unpivot:
            return found
        first = pivot.fields[0].expressions[0].name
        return {**found, pivot.expressions[0].name: first}

    patch.setattr(scopes, "passed_on", passed_on)


def _asof_as_join(patch: pytest.MonkeyPatch) -> None:
    """The nearest row looked for among the wanted ones only."""

    def asof(self: JoinPass, tree: Any, need: Any, *, is_inner: bool) -> None:
        if is_inner:
            self._inner(tree, need)
        else:
            self._outer(tree, need, tree.left, tree.right)

    patch.setattr(JoinPass, "_asof", asof)


def _asof_backwards(patch: pytest.MonkeyPatch) -> None:
    real = join_tree.asof_condition

    def condition(*given: Any) -> Condition | None:
        found = real(*given)
        if found is None:
            return None
        flipped = [
            e if e.x_settles or None not in (*e.forward, *e.backward)
            else replace(e, forward=e.forward[::-1], backward=e.backward[::-1])
            for e in found.edges
        ]  # fmt: skip
        return Condition(edges=flipped, rejects=found.rejects)

    patch.setattr(join_tree, "asof_condition", condition)


def _element_as_its_list(patch: pytest.MonkeyPatch) -> None:
    """An element of a list taken for the first that the list is made of."""
    real = EdgeRules.link

    def link(self: EdgeRules, node: exp.Expr, kind: Any) -> Link | None:
        if isinstance(node, exp.Explode) and isinstance(node.this, exp.Array):
            return Link(node.this.expressions[0], SAME, SAME)
        return real(self, node, kind)

    patch.setattr(EdgeRules, "link", link)


def _everything_is_handed_on(patch: pytest.MonkeyPatch) -> None:
    def handed(cte: Any, scopes_: Any) -> frozenset[str] | None:
        found = handed_on(cte, scopes_)
        return None if found is None else frozenset(output_names(cte.query) or ())

    patch.setattr(read_window, "handed_on", handed)
    _trust_the_step(patch)
    patch.setattr(scopes.Scopes, "is_handed_on", lambda self, *given: True)


def _trust_the_step(patch: pytest.MonkeyPatch) -> None:
    """What a step needs of the rows before it not asked."""

    def recursive(self: Any, cte: Any, demand: Any) -> None:
        keys = read_window.handed_on(cte, self._scopes)
        if keys is None:
            real(self, cte, demand)
            return
        wanted = {name: r for name, r in demand.columns.items() if name in keys}
        self.query(cte.query, replace(demand, columns=wanted), cte.visible, None)
        self._pending.pop(id(cte), None)

    real = read_window.ReadWindowPass._recursive
    patch.setattr(read_window.ReadWindowPass, "_recursive", recursive)


def _left_on_holds_always(patch: pytest.MonkeyPatch) -> None:
    """ON of a LEFT join taken to hold for the rows that found no partner, too."""
    real = join_tree.row_facts

    def facts(tree: Any, present: Any) -> Any:
        return real(tree, tree.owners)

    patch.setattr(joins, "row_facts", facts)
    patch.setattr(select_pass, "row_edges", lambda tree: real(tree, tree.owners)[0])


def _nulls_last_as_first(patch: pytest.MonkeyPatch) -> None:
    real = windows.written_nulls_first

    def written(one: exp.Expr) -> bool | None:
        found = real(one)
        return None if found is None else not found

    patch.setattr(windows, "written_nulls_first", written)


def _groups_end_here(patch: pytest.MonkeyPatch) -> None:
    """GROUPS n PRECEDING taken to stay within the rows that are wanted."""
    real = windows._frame_end

    def end(spec: Any, side: str, unit: str, kind: Any, call: Any) -> Any:
        value = spec.args.get(side)
        if unit == "GROUPS" and isinstance(value, exp.Literal):
            return windows._HERE
        return real(spec, side, unit, kind, call)

    patch.setattr(windows, "_frame_end", end)


def _offset_of_a_full_join_dropped(patch: pytest.MonkeyPatch) -> None:
    """`b.d + 1` taken for `b.d`."""
    real = EdgeRules.link

    def link(self: EdgeRules, node: exp.Expr, kind: Any) -> Link | None:
        found = real(self, node, kind)
        if isinstance(node, (exp.Add, exp.Sub)) and found is not None:
            return replace(found, forward=SAME, backward=SAME)
        return found

    patch.setattr(EdgeRules, "link", link)


_FROM_PIVOT = (
    "(select d, k, 1 as v from __sb_occurrence_0__ as x) pivot (max(d) for k in (1 as d)) as z"
)
_RECURSIVE = "with recursive r as (select x.d as p, x.e as q, x.k as k, 0 as v from __sb_occurrence_0__ as x union all {step}) select p, q, k, v from r"

BROKEN_OPERATORS = (
    BrokenOperator(
        "what a pivot makes as its input",
        _made_columns_as_keys,
        f"select z.d as p, z.v as v from {_FROM_PIVOT}",
    ),
    BrokenOperator(
        "names behind a pivot by its input",
        _renamed_by_input,
        "select z.a as p, z.b as v from (select e, d, k, v from __sb_occurrence_0__ as x) pivot (max(e) for k in (1)) as z(a, b, c)",
    ),
    BrokenOperator(
        "UNPIVOT's value as one column",
        _values_of_unpivot,
        "select z.x as p, z.k as v from (select d, e, k from __sb_occurrence_0__ as x) unpivot (x for m in (d, e)) as z",
    ),
    BrokenOperator(
        "ASOF as a join",
        _asof_as_join,
        "select s.d as p, x.d as q, s.v as v from __sb_occurrence_0__ as x asof join (select d, max(y.v) as v from __sb_occurrence_1__ as y group by d) as s on x.d >= s.d",
    ),
    BrokenOperator(
        "ASOF backwards",
        _asof_backwards,
        "select x.d as p, s.v as v from __sb_occurrence_0__ as x asof join (select d, max(y.v) as v from __sb_occurrence_1__ as y group by d) as s on x.d >= s.d",
    ),
    BrokenOperator(
        "an element as its list",
        _element_as_its_list,
        "select z.x as p, z.k as v from (select k, unnest([d, e]) as x from __sb_occurrence_0__ as x) as z",
    ),
    BrokenOperator(
        "every column of a recursion handed on",
        _everything_is_handed_on,
        _RECURSIVE.format(step="select r.p + 1, r.q, r.k, r.v + 1 from r where r.v < 2"),
    ),
    BrokenOperator(
        "a step's need not asked",
        _trust_the_step,
        _RECURSIVE.format(
            step="select r.p, r.q, (count(*) over ())::integer, r.v + 1 from r where r.v < 1"
        ),
    ),
    BrokenOperator(
        "LEFT's ON holds for every row",
        _left_on_holds_always,
        "select x.d as p, x.e as q, y.v as v from __sb_occurrence_0__ as x left join __sb_occurrence_1__ as y on x.d = y.d and y.d >= x.e",
    ),
    BrokenOperator(
        "NULLS FIRST as NULLS LAST",
        _nulls_last_as_first,
        "select d as p, sum(v) over (partition by k order by d nulls first) as v from __sb_occurrence_0__ as x",
    ),
    BrokenOperator(
        "GROUPS end at the row",
        _groups_end_here,
        "select d as p, sum(v) over (order by d groups between 2 preceding and current row) as v from __sb_occurrence_0__ as x",
    ),
    BrokenOperator(
        "offset of a FULL join dropped",
        _offset_of_a_full_join_dropped,
        "select coalesce(x.d, y.d + 1) as p, x.v as v, y.v as w from __sb_occurrence_0__ as x full join __sb_occurrence_1__ as y on x.d = y.d + 1 and x.k = y.k",
    ),
)
