"""Claims of the analysis that `random_queries` cannot show, each broken on purpose: its own generator must find a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from sqlglot import exp

from sqlbackfill.query import conditions, parse, select_pass
from sqlbackfill.query.conditions import Condition, ConditionReader
from sqlbackfill.query.demands import Demand
from sqlbackfill.query.read_window import ReadWindowPass
from sqlbackfill.query.select_pass import SelectPass
from tests.property.broken_rules import Mutant


def _groups_compared_by_row(patch: pytest.MonkeyPatch) -> None:
    """Edges of rows taken for edges of the groups that ROLLUP makes of them."""
    patch.setattr(SelectPass, "_compares_groups", lambda self: False)


def _rollup_keys_through_windows(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(select_pass, "need_of", lambda call, scope, terms, wanted: dict(wanted))


def _negation_ignored(patch: pytest.MonkeyPatch) -> None:
    real = ConditionReader._conjunct

    def conjunct(self: ConditionReader, node: exp.Expr, scope: Any) -> Condition:
        if isinstance(node, exp.Not):
            return self.read([node.this], scope)
        return real(self, node, scope)

    patch.setattr(ConditionReader, "_conjunct", conjunct)


def _membership_under_or(patch: pytest.MonkeyPatch) -> None:
    """IN below OR taken for IN as a conjunct, so that its query is cut by the row's bound."""
    real = ConditionReader._either

    def either(self: ConditionReader, node: Any, scope: Any) -> Condition:
        found = real(self, node, scope)
        for arm in conditions._arms(node):
            found.memberships += self.read([arm], scope).memberships
            found.edges += self.read([arm], scope).edges
            found.bounds = {**found.bounds, **self.read([arm], scope).bounds}
        return found

    patch.setattr(ConditionReader, "_either", either)


def _scalars_cut_by_the_row(patch: pytest.MonkeyPatch) -> None:
    """An uncorrelated scalar query cut by the demand on the row around it."""
    real = ReadWindowPass.query

    def query(self: ReadWindowPass, node: Any, demand: Demand, env: Any, parent: Any) -> None:
        if (
            parent is not None
            and not demand.columns
            and isinstance(node, exp.Subquery | exp.Select)
        ):
            inner = node.this if isinstance(node, exp.Subquery) else node
            date = exp.column("d", table="y")
            if isinstance(inner, exp.Select) and parent is not None:
                scope = self.scopes.scope(inner, env, parent)
                if "y" in scope.sources:
                    around = [r for r in demand.facts.values() if r.follows]
                    if around:
                        term = self.terms.of(date, scope)
                        demand = replace(demand, facts={**demand.facts, term: around[0]})
        real(self, node, demand, env, parent)

    patch.setattr(ReadWindowPass, "query", query)


def _coalesce_of_any_terms(patch: pytest.MonkeyPatch) -> None:
    from sqlbackfill.query.joins import JoinPass

    patch.setattr(JoinPass, "_are_equal", lambda self, x, y, on: True)


def _having_as_where(patch: pytest.MonkeyPatch) -> None:
    """What HAVING says of an aggregate taken to hold of every row that it is made of."""
    real = SelectPass._below_grouping

    def bare(node: exp.Expr) -> exp.Expr:
        return node.this if isinstance(node, exp.Max | exp.Min) else node

    def below(self: SelectPass, store: Any, grouping: Any) -> Any:
        kept, having = real(self, store, grouping), self.scope.select.args.get("having")
        if having is None:
            return kept
        said = self.outer_pass.reader.read([having.this.copy().transform(bare)], self.scope)
        return self._terms.saturate({**kept, **said.bounds}, said.edges)

    patch.setattr(SelectPass, "_below_grouping", below)


def _renamed_columns_by_their_new_names(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parse, "without_column_aliases", lambda table: table)
    patch.setattr(select_pass, "has_column_aliases", lambda node: False)


def _all_rejects_null(patch: pytest.MonkeyPatch) -> None:
    """A comparison with ALL of a query taken for one that no NULL satisfies."""
    real = ConditionReader._compare

    def compare(self: ConditionReader, node: Any, scope: Any) -> Condition:
        found = real(self, node, scope)
        if isinstance(node.expression, exp.All):
            found.rejects |= self._strict(node.this, scope)
        return found

    patch.setattr(ConditionReader, "_compare", compare)


CLAIM_MUTANTS: Final = (
    Mutant("edges of rows between groups of ROLLUP", _groups_compared_by_row, "rollups", 234),
    Mutant("windows over ROLLUP keep every bound", _rollup_keys_through_windows, "rollups"),
    Mutant("NOT ignored", _negation_ignored, "memberships"),
    Mutant("IN under OR as a conjunct", _membership_under_or, "memberships"),
    Mutant("a scalar query cut by the row around it", _scalars_cut_by_the_row, "scalars"),
    Mutant("HAVING of an aggregate as WHERE", _having_as_where, "having", 110),
    Mutant("COALESCE of any two terms", _coalesce_of_any_terms, "coalesced"),
    Mutant(
        "columns renamed in FROM as the table's own", _renamed_columns_by_their_new_names, "renamed"
    ),
    Mutant("ALL of a query rejects NULL", _all_rejects_null, "quantified"),
)
