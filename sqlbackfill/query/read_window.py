"""The pass that takes the demand for one output partition down to every table occurrence.

Query blocks are taken parents first, each CTE after all of its users. In each SELECT the order is the
reverse of evaluation (analysis, section 3). What has no rule here reads everything.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import replace
from sqlbackfill.query.conditions import (
    ConditionReader,
)
from sqlbackfill.query.demands import Demand, LeafNeed, PassResult, follows
from sqlbackfill.query.determinism import first_choice, is_unknown_function
from sqlbackfill.query.grouping import is_understood_group
from sqlbackfill.query.join_tree import build_tree
from sqlbackfill.query.kinds import joint
from sqlbackfill.query.reasons import Reason
from sqlbackfill.query.recursion import handed_on, is_recursive, is_tangled
from sqlbackfill.query.sampling import is_by_row, samples_of
from sqlbackfill.query.scopes import Scope, Scopes, arm_names
from sqlbackfill.query.select_pass import SelectPass
from sqlbackfill.query.shown import outermost_queries, own_nodes
from sqlbackfill.query.siblings import describe
from sqlbackfill.query.sources import Cte, Env
from sqlbackfill.query.terms import Range, Terms
from sqlbackfill.query.uniqueness import orders_output

_SELECT_ARGS: Final = frozenset(
    {
        "with_", "expressions", "hint", "distinct", "from_", "joins", "where", "group", "having",
        "qualify", "windows", "order", "limit", "offset", "sample", "laterals",
    }
)  # fmt: skip
_SET_ARGS: Final = frozenset(
    {"with_", "this", "expression", "distinct", "by_name", "order", "limit", "offset"}
)
_CUTS: Final = ("limit", "offset")


class ReadWindowPass:
    """One pass over one query; use it once."""

    def __init__(self, scopes: Scopes, terms: Terms, reader: ConditionReader) -> None:
        self._scopes = scopes
        self._terms = terms
        self._reader = reader
        self._pending: dict[int, Demand] = {}
        self.result = PassResult()

    def query(self, node: exp.Expr, demand: Demand, env: Env, parent: Scope | None) -> None:
        """Pushes `demand` on the output of the query block `node` to everything that it reads."""
        if isinstance(node, exp.Subquery):
            self._wrapped(node, demand, env, parent)
            return
        if not isinstance(node, exp.Query):
            self._everything(node, env, (*demand.why, Reason("UNKNOWN_NODE", node)))
            return
        inner, ctes = self._scopes.enter(node, env)
        if isinstance(node, exp.Select):
            self._select(node, demand, inner, parent)
        elif isinstance(node, exp.SetOperation):
            self._set_operation(node, demand, inner, parent)
        else:
            self._everything(node, inner, (*demand.why, Reason("UNKNOWN_NODE", node)))
        self._finish(ctes)

    def _wrapped(self, node: exp.Subquery, demand: Demand, env: Env, parent: Scope | None) -> None:
        inner, ctes = self._scopes.enter(node, env)
        unknown = [
            k
            for k, v in node.args.items()
            if v and k not in ("this", "alias", "with_", *_CUTS, "order")
        ]
        if unknown:
            self._everything(node, inner, (*demand.why, Reason("UNKNOWN_NODE", node)))
        else:
            below = self._after_cut(node, demand)
            self._in_clauses(node, below, inner)
            self.query(node.this, below, inner, parent)
        self._finish(ctes)

    def _finish(self, ctes: tuple[Cte, ...]) -> None:
        """Goes into CTEs, last first, once all their users have said what they need."""
        tangled = is_tangled(ctes)
        for cte in reversed(ctes):
            demand = self._pending.pop(id(cte), None)
            if tangled:
                why = demand.why if demand is not None else ()
                reason = Reason("RECURSIVE", cte.query, cte.name)
                self._everything(cte.query, cte.visible, (*why, reason), {c.name for c in ctes})
            elif demand is None:
                self.result.unused |= {id(t) for t in cte.query.find_all(exp.Table)}
            elif is_recursive(cte):
                self._recursive(cte, demand)
            else:
                self.query(cte.query, demand, cte.visible, None)

    def _recursive(self, cte: Cte, demand: Demand) -> None:
        """A demand on what every step hands on is one on the anchor, where the step, too, needs no
        more of the rows before it.
        """
        keys = handed_on(cte, self._scopes)
        wanted = {name: r for name, r in demand.columns.items() if name in (keys or ())}
        lost = (*demand.why, Reason("RECURSIVE", cte.query, cte.name))
        before, pending = self.result, dict(self._pending)
        while keys is not None:
            why = demand.why if follows(wanted) or not follows(demand.columns) else lost
            self.result = PassResult()
            self.query(cte.query, Demand(wanted, {}, why), cte.visible, None)
            own = self._pending.pop(id(cte), Demand())
            kept = {
                name: r
                for name, r in wanted.items()
                if name in own.columns and own.columns[name].is_within(r)
            }
            if len(kept) == len(wanted):
                before.add(self.result)
                self.result = before
                return
            wanted, self._pending = kept, dict(pending)
        self.result = before
        self._everything(cte.query, cte.visible, lost, {cte.name})

    def _everything(
        self, node: exp.Expr, env: Env, why: tuple[Reason, ...], own: Collection[str] = ()
    ) -> None:
        """Every table and CTE below `node` is read whole, save the names that are its `own`."""
        if why and why[-1].code in ("UNKNOWN_NODE", "SAMPLE", "NAMES_UNRESOLVED"):
            self.result.chances.append(why[-1])
        elif (choice := first_choice(node)) is not None:
            self.result.chances.append(Reason("TIES", choice, "this part"))
        for table in node.find_all(exp.Table):
            cte = env.get(table.name) if not table.args.get("db") else None
            if table.name in own and not table.args.get("db"):
                continue
            if cte is not None:
                self._ask(cte, Demand({}, {}, why))
            else:
                self.result.leaves.append(LeafNeed(None, table, {}, why))

    def _ask(self, cte: Cte, demand: Demand) -> None:
        known = self._pending.get(id(cte))
        self._pending[id(cte)] = demand if known is None else known.hull(demand)

    def _after_cut(self, node: exp.Expr, demand: Demand) -> Demand:
        """The demand below LIMIT and OFFSET: nothing may be left out there."""
        if not any(node.args.get(key) for key in _CUTS):
            return demand
        cut = next(node.args[key] for key in _CUTS if node.args.get(key))
        if not orders_output(node):
            self.result.chances.append(Reason("TIES", cut, "limit"))
        return replace(demand, columns={}, why=(*demand.why, Reason("LIMIT_GLOBAL", cut)))

    def _in_clauses(self, node: exp.Expr, demand: Demand, env: Env) -> None:
        """Queries in what stands behind a set operation or a parenthesis."""
        for key in (*_CUTS, "order"):
            clause = node.args.get(key)
            for query in outermost_queries(clause) if isinstance(clause, exp.Expr) else ():
                self._everything(query, env, (*demand.why, Reason("GLOBAL_SCALAR", query)))

    def _set_operation(
        self, node: exp.SetOperation, demand: Demand, env: Env, parent: Scope | None
    ) -> None:
        unknown = [key for key, value in node.args.items() if value and key not in _SET_ARGS]
        if unknown:
            self._everything(node, env, (*demand.why, Reason("UNKNOWN_NODE", node)))
            return
        demand = self._after_cut(node, demand)
        self._in_clauses(node, demand, env)
        arms = (node.this, node.expression)
        wanted: tuple[dict[str, Range], dict[str, Range]] = ({}, {})
        for name, range_ in demand.columns.items():
            names = arm_names(node, name)
            if names is None:
                continue
            kinds = [
                self._scopes.output_kind(arm, arm_name, env, parent) if arm_name else None
                for arm, arm_name in zip(arms, names, strict=True)
            ]
            known = [kind for kind, arm_name in zip(kinds, names, strict=True) if arm_name]
            if joint(known) is None:
                continue
            for columns, arm_name in zip(wanted, names, strict=True):
                if arm_name:
                    columns[arm_name] = range_
        for arm, columns in zip(arms, wanted, strict=True):
            why = demand.why
            if follows(demand.columns) and not follows(columns):
                why = (*why, Reason("SET_COLUMN_UNKNOWN", arm))
            self.query(arm, Demand(columns, demand.facts, why), env, parent)

    def _select(self, node: exp.Select, demand: Demand, env: Env, parent: Scope | None) -> None:
        scope = self._scopes.scope(node, env, parent)
        describe(scope, self._terms)
        reason = _unknown_part(scope, self._scopes.dialect)
        tree = None if reason else build_tree(scope, self._reader, self._scopes.dialect)
        if reason is None and tree is None and node.args.get("from_") is not None:
            reason = _unknown_source(node)
        if reason is not None:
            self._everything(_without_ctes(node), env, (*demand.why, reason))
            return
        self.result.chances += [Reason("SAMPLE", sample) for sample in samples_of(node)]
        SelectPass(self, scope, tree, demand).run()

    # What follows is for SelectPass.

    @property
    def scopes(self) -> Scopes:
        return self._scopes

    @property
    def terms(self) -> Terms:
        return self._terms

    @property
    def reader(self) -> ConditionReader:
        return self._reader

    def everything(self, node: exp.Expr, env: Env, why: tuple[Reason, ...]) -> None:
        self._everything(node, env, why)

    def ask(self, cte: Cte, demand: Demand) -> None:
        self._ask(cte, demand)

    def below_cut(self, node: exp.Expr, demand: Demand) -> Demand:
        return self._after_cut(node, demand)


def _unknown_part(scope: Scope, dialect: str) -> Reason | None:
    """The first part of a SELECT that has no rule."""
    node = scope.select
    if node.args.get("sample") and not is_by_row(node.args["sample"], dialect):
        return Reason("SAMPLE", node)
    for key, value in node.args.items():
        if value and key not in _SELECT_ARGS:
            return Reason("UNKNOWN_NODE", node, key)
    distinct = node.args.get("distinct")
    if distinct is not None and any(
        v for k, v in distinct.args.items() if k not in ("on", "expressions")
    ):
        return Reason("UNKNOWN_NODE", distinct)
    if not is_understood_group(node):
        return Reason("UNKNOWN_NODE", node.args["group"])
    clauses = [
        node.args[k] for k in ("where", "group", "having", "qualify", "order") if node.args.get(k)
    ]
    from_ = node.args.get("from_")
    if from_ is not None and not isinstance(from_.this, exp.Table):
        clauses.append(from_.this)
    more = (*(node.args.get("joins") or ()), *(node.args.get("laterals") or ()))
    below = (inner for clause in (*clauses, *more) for inner in own_nodes(clause))
    for inner in (*scope.shown.calls, *below):
        if is_unknown_function(inner):
            return Reason("UNKNOWN_NODE", inner, inner.name)
    return None


def _unknown_source(node: exp.Select) -> Reason:
    """What in FROM has no rule."""
    from_ = node.args["from_"]
    operands = [from_.this, *(join.this for join in node.args.get("joins") or ())]
    for operand in operands:
        if operand.args.get("sample"):
            return Reason("SAMPLE", operand)
        if operand.args.get("pivots"):
            return Reason("UNKNOWN_NODE", operand, "pivot")
    for join in node.args.get("joins") or ():
        if join.args.get("method"):
            return Reason("UNKNOWN_NODE", join, f"{join.args['method'].lower()} join")
        if join.args.get("global_"):
            return Reason("UNKNOWN_NODE", join, "an outer join by using")
    return Reason("UNKNOWN_NODE", from_, "this from clause")


def _without_ctes(node: exp.Select) -> exp.Expr:
    """The SELECT without its WITH, whose parts are asked for by name."""
    if node.args.get("with_") is None:
        return node
    bare = node.copy()
    bare.set("with_", None)
    return bare
