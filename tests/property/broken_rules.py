"""Rules of the analysis, each broken on purpose: the harness must find a wrong row for every one.

A mutant patches one function. `focus` and `first` say where the generator soon makes a query that
shows it; they save time and decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlglot import exp

from sqlbackfill.partitions.paths import DAY_US, Op, Step
from sqlbackfill.query import (
    conditions,
    images,
    joins,
    read_window,
    scopes,
    select_pass,
    terms,
    windows,
)
from sqlbackfill.query.conditions import Condition, ConditionReader
from sqlbackfill.query.edges import EdgeRules, Link
from sqlbackfill.query.grouping import Grouping
from sqlbackfill.query.images import SAME
from sqlbackfill.query.joins import JoinKind, JoinPass
from sqlbackfill.query.kinds import is_time
from sqlbackfill.query.read_window import ReadWindowPass
from tests.property import window_harness

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken rule and where the harness is sure to meet it."""

    name: str
    patch: Patch
    focus: str | None
    first: int = 0


def _ignore_partition_by(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(select_pass, "need_of", lambda call, scope, terms, wanted: dict(wanted))


def _rows_as_range(patch: pytest.MonkeyPatch) -> None:
    def days(spec: Any, end: str, unit: str, kind: Any, call: Any) -> Any:
        value = spec.args.get(end)
        if unit == "ROWS" and isinstance(value, exp.Literal) and is_time(kind):
            value = exp.Interval(this=value.copy(), unit=exp.var("DAY"))
            spec = spec.copy()
            spec.set(end, value)
            return real(spec, end, "RANGE", kind, replace(call, order=call.order[:1]))
        return real(spec, end, unit, kind, call)

    real = windows._frame_end
    patch.setattr(windows, "_frame_end", days)


def _drop_nulls(patch: pytest.MonkeyPatch) -> None:
    real = windows.need_of
    patch.setattr(
        select_pass,
        "need_of",
        lambda *given: {t: replace(r, nulls=False) for t, r in real(*given).items()},
    )


def _push_through_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ReadWindowPass, "_after_cut", lambda self, node, demand: demand)


def _wrong_truncation(patch: pytest.MonkeyPatch) -> None:
    def floors(unit: str) -> Any:
        return (Step(Op.FLOOR, name=unit),), (Step(Op.FLOOR, name=unit),)

    patch.setattr(images, "ceils", floors)


def _maximum_as_its_argument(patch: pytest.MonkeyPatch) -> None:
    real = EdgeRules.link

    def link(self: EdgeRules, node: exp.Expr, kind: Any) -> Link | None:
        return Link(node.this, SAME, SAME) if isinstance(node, exp.Max) else real(self, node, kind)

    patch.setattr(EdgeRules, "link", link)
    patch.setattr(Grouping, "kept", lambda self, term, range_, terms: True)


def _not_in_as_in(patch: pytest.MonkeyPatch) -> None:
    real = ConditionReader._conjunct

    def conjunct(self: ConditionReader, node: exp.Expr, scope: Any) -> Condition:
        inner = node.this if isinstance(node, exp.Not) else None
        if isinstance(inner, exp.In) and inner.args.get("query") is not None:
            found = self._in(inner, scope)
            return Condition(memberships=found.memberships)
        return real(self, node, scope)

    patch.setattr(ConditionReader, "_conjunct", conjunct)


def _any_coalesce(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(JoinPass, "_are_equal", lambda self, x, y, on: True)


def _left_as_inner(patch: pytest.MonkeyPatch) -> None:
    real = JoinPass._simplified

    def simplified(self: JoinPass, tree: Any, need: Any) -> JoinKind:
        kind = real(self, tree, need)
        return JoinKind.INNER if kind is JoinKind.LEFT else kind

    patch.setattr(JoinPass, "_simplified", simplified)


def _full_as_inner(patch: pytest.MonkeyPatch) -> None:
    real = JoinPass._simplified

    def simplified(self: JoinPass, tree: Any, need: Any) -> JoinKind:
        kind = real(self, tree, need)
        return JoinKind.INNER if kind in (JoinKind.FULL, JoinKind.RIGHT) else kind

    patch.setattr(JoinPass, "_simplified", simplified)


def _anti_as_semi(patch: pytest.MonkeyPatch) -> None:
    real = JoinPass._simplified

    def simplified(self: JoinPass, tree: Any, need: Any) -> JoinKind:
        kind = real(self, tree, need)
        return JoinKind.SEMI if kind is JoinKind.ANTI else kind

    patch.setattr(JoinPass, "_simplified", simplified)


def _inner_on_holds_everywhere(patch: pytest.MonkeyPatch) -> None:
    """Edges of an inner ON taken above outer joins, as from a flat list of conditions."""

    def everywhere(tree: Any) -> Any:
        if isinstance(tree, joins.Leaf):
            return []
        return [*everywhere(tree.left), *everywhere(tree.right), *tree.on.edges]

    patch.setattr(select_pass, "row_edges", everywhere)
    real = JoinPass.push

    def push(self: JoinPass, tree: Any, need: Any) -> None:
        real(self, tree, replace(need, edges=[*need.edges, *everywhere(tree)]))

    patch.setattr(JoinPass, "push", push)


def _by_name_by_position(patch: pytest.MonkeyPatch) -> None:
    real = scopes.arm_names

    def by_position(union: exp.SetOperation, name: str) -> Any:
        plain = union.copy()
        plain.set("by_name", False)
        return real(plain, name)

    patch.setattr(read_window, "arm_names", by_position)


def _negative_offset_as_positive(patch: pytest.MonkeyPatch) -> None:
    def sides(function: exp.Expr) -> Any:
        return (None, windows._HERE) if isinstance(function, exp.Lag) else (windows._HERE, None)

    patch.setattr(windows, "_offset_sides", sides)


def _text_as_date(patch: pytest.MonkeyPatch) -> None:
    """A cast of raw text taken for the text itself."""
    real = EdgeRules._cast

    def cast(self: EdgeRules, node: Any, kind: Any) -> Link | None:
        from sqlbackfill.partitions.bounds import BoundType

        if kind(node.this) is BoundType.TEXT and kind(node) is BoundType.DATE:
            return Link(node.this, SAME, SAME)
        return real(self, node, kind)

    patch.setattr(EdgeRules, "_cast", cast)
    from sqlbackfill.query import separability

    real_window = separability._window

    def window(range_: Any, column: str, ref: Any, case: Any) -> Any:
        from sqlbackfill.partitions.bounds import BoundType
        from sqlbackfill.partitions.mapping import ReadWindow

        if column == "s" and range_.follows:
            return ReadWindow(lower=range_.lower, upper=range_.upper, column_type=BoundType.DATE)
        return real_window(range_, column, ref, case)

    patch.setattr(separability, "_window", window)
    patch.setattr(window_harness, "literal", lambda bound, kind: f"'{bound}'")


def _nanoseconds_as_microseconds(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(terms, "rounds", lambda type_: False)


def _months_of_thirty_days(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(images, "months", lambda n: ((Step(Op.SHIFT, n * 30 * DAY_US),),) * 2)
    patch.setattr(images, "widening", lambda n: ((), ()))


def _local_as_utc(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(images, "zone_image", lambda zone, low, high: SAME)


def _either_arm(patch: pytest.MonkeyPatch) -> None:
    """OR as its first arm."""
    real = conditions._arms
    patch.setattr(conditions, "_arms", lambda node: real(node)[:1])


def _case_as_first_arm(patch: pytest.MonkeyPatch) -> None:
    real = terms.arms_of
    patch.setattr(terms, "arms_of", lambda node: real(node)[:1])


def _coalesce_as_first_part(patch: pytest.MonkeyPatch) -> None:
    real = EdgeRules.link

    def link(self: EdgeRules, node: exp.Expr, kind: Any) -> Link | None:
        if isinstance(node, exp.Coalesce):
            return Link(node.this, SAME, SAME)
        return real(self, node, kind)

    patch.setattr(EdgeRules, "link", link)


def _distinct_on_keeps_everything(patch: pytest.MonkeyPatch) -> None:
    real = select_pass.SelectPass._above_windows

    def above(self: Any, store: Any, edges_: Any, grouping: Any) -> Any:
        select = self.scope.select
        distinct = select.args.get("distinct")
        if distinct is None or distinct.args.get("on") is None:
            return real(self, store, edges_, grouping)
        select.set("distinct", exp.Distinct())
        try:
            return real(self, store, edges_, grouping)
        finally:
            select.set("distinct", distinct)

    patch.setattr(select_pass.SelectPass, "_above_windows", above)


def _ignore_ties(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(select_pass, "depends_on_ties", lambda call: False)


def _descending_as_ascending(patch: pytest.MonkeyPatch) -> None:
    real = windows.window_call

    def call(node: exp.Window, select: exp.Select) -> Any:
        found = real(node, select)
        order = tuple(exp.Ordered(this=o.this.copy(), desc=False) for o in found.order)
        for one, old in zip(order, found.order, strict=True):
            one.parent = old.parent
        return replace(found, order=order)

    patch.setattr(select_pass, "window_call", call)


def _author_bounds_always_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(select_pass.SelectPass, "_check", lambda self, condition, bounds: [
        setattr(self.outer_pass.result, "checked_markers",
                self.outer_pass.result.checked_markers + bound.markers)
        for bound in condition.author_bounds
    ])  # fmt: skip


MUTANTS = (
    Mutant("PARTITION BY ignored", _ignore_partition_by, "windows", 4),
    Mutant("ROWS as RANGE", _rows_as_range, "windows", 124),
    Mutant("NULL order keys dropped", _drop_nulls, "windows", 124),
    Mutant("pushed through LIMIT", _push_through_limit, "all", 392),
    Mutant("wrong preimage of truncation", _wrong_truncation, "groups", 97),
    Mutant("max(p) as p", _maximum_as_its_argument, "groups", 3),
    Mutant("NOT IN as IN", _not_in_as_in, "all", 91),
    Mutant("any COALESCE", _any_coalesce, "joins", 161),
    Mutant("LEFT as INNER", _left_as_inner, "joins", 181),
    Mutant("FULL and RIGHT as INNER", _full_as_inner, "joins", 161),
    Mutant("ANTI as SEMI", _anti_as_semi, "joins", 365),
    Mutant("inner ON above outer joins", _inner_on_holds_everywhere, "joins", 181),
    Mutant("BY NAME by position", _by_name_by_position, "sets", 8),
    Mutant("negative LAG as positive", _negative_offset_as_positive, "windows", 530),
    Mutant("raw text as a date", _text_as_date, "groups", 2),
    Mutant("nanoseconds as microseconds", _nanoseconds_as_microseconds, "groups", 23),
    Mutant("a month as thirty days", _months_of_thirty_days, "groups", 23),
    Mutant("local time as UTC", _local_as_utc, "groups", 133),
    Mutant("OR as its first arm", _either_arm, "groups", 218),
    Mutant("CASE as its first arm", _case_as_first_arm, "joins", 123),
    Mutant("COALESCE as its first part", _coalesce_as_first_part, "joins", 161),
    Mutant("author's bounds always hold", _author_bounds_always_hold, None, 237),
    Mutant("DISTINCT ON keeps every bound", _distinct_on_keeps_everything, "all", 138),
    Mutant("ties ignored", _ignore_ties, "windows", 10),
    Mutant("DESC as ASC", _descending_as_ascending, "windows", 4),
)
