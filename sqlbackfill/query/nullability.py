"""Whether the partition column of a query may be NULL, and what makes it so. No bounds.

Rows without a partition are never written, so that their author should know. What is not provably free of
NULL counts as possibly NULL, with the first place that stopped the proof.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.query.conditions import conjuncts
from sqlbackfill.query.determinism import is_clock
from sqlbackfill.query.grouping import key_nodes
from sqlbackfill.query.kinds import DATE_ARITHMETIC, SPARK_FAMILY, arms_of
from sqlbackfill.query.scopes import Scope, Scopes, arm_names, projection, resolve
from sqlbackfill.query.sources import (
    CteSource,
    Env,
    PivotSource,
    QuerySource,
    RowSource,
    TableSource,
)

_STRICT: Final = (
    exp.Cast, exp.Add, exp.Sub, exp.Mul, exp.Paren, exp.Neg, exp.TimestampTrunc, exp.DateTrunc,
    exp.AtTimeZone, exp.Date, exp.TsOrDsToDate, exp.DateDiff, exp.ConvertTimezone, exp.Alias,
    exp.UnixToTime, exp.Interval, exp.Lower, exp.Upper, exp.Trim, exp.TimeToStr, *DATE_ARITHMETIC,
)  # fmt: skip
_STRICT_NAMES: Final = frozenset(
    {"timezone", "timestamp_seconds", "timestamp_millis", "timestamp_micros", "to_timestamp_ntz"}
)
_REJECTING: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike)
_NEVER: Final = (exp.Literal, exp.Boolean, exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank)
_FOLDS: Final = (exp.Min, exp.Max, exp.AnyValue)
_MOST_DEEP: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Nullable:
    """Why a value may be NULL: `kind` says what made it so at `node`; `subject` names it."""

    kind: str
    node: exp.Expr
    subject: str = ""


def why_null(query: exp.Expr, column: str, scopes: Scopes, dialect: str) -> Nullable | None:
    """What may make output column `column` NULL; None where it provably never is."""
    return _Proof(scopes, dialect).output(query, column, {}, None)


@dataclass(slots=True)
class _Proof:
    scopes: Scopes
    dialect: str
    _open: set[tuple[int, str]] = field(default_factory=set)

    def output(self, query: exp.Expr, name: str, env: Env, parent: Scope | None) -> Nullable | None:
        """Why output column `name` of a query block may be NULL."""
        key = (id(query), name)
        if key in self._open or len(self._open) > _MOST_DEEP:
            return Nullable("unknown", query, "a recursive query")
        self._open.add(key)
        try:
            return self._output(query, name, env, parent)
        finally:
            self._open.discard(key)

    def _output(
        self, query: exp.Expr, name: str, env: Env, parent: Scope | None
    ) -> Nullable | None:
        if not isinstance(query, exp.Query):
            return Nullable("unknown", query)
        inner, _ = self.scopes.enter(query, env)
        if isinstance(query, exp.Subquery):
            return self.output(query.this, name, inner, parent)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, name, inner, parent)
        if not isinstance(query, exp.Select):
            return Nullable("unknown", query)
        scope = self.scopes.scope(query, inner, parent)
        node = projection(scope, name)
        if node is None:
            return Nullable("unknown", query, f"where `{name}` comes from")
        return self._shown(node, scope)

    def _set_operation(
        self, query: exp.SetOperation, name: str, env: Env, parent: Scope | None
    ) -> Nullable | None:
        names = arm_names(query, name)
        if names is None:
            return Nullable("unknown", query, "which column of an arm it is")
        found = [
            self.output(arm, arm_name, env, parent) if arm_name else Nullable("absent", arm, name)
            for arm, arm_name in zip((query.this, query.expression), names, strict=True)
        ]
        if isinstance(query, exp.Except):
            return found[0]
        if isinstance(query, exp.Intersect):
            return found[0] if all(found) else None
        return found[0] or found[1]

    def _shown(self, node: exp.Expr, scope: Scope) -> Nullable | None:
        group = scope.select.args.get("group")
        shown = node.unalias()
        if group is not None:
            keys, is_super = key_nodes(group, scope.select)
            if is_super and shown in keys and not _is_rejected(shown, _known(scope, "having")):
                return Nullable("super", group, shown.sql())
        return self.value(shown, scope)

    def value(self, node: exp.Expr, scope: Scope) -> Nullable | None:
        """Why an expression that stands in `scope` may be NULL."""
        if _is_rejected(node, _known(scope, "where", "having", "qualify")):
            return None
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, _NEVER) or is_clock(node):
            return None
        if isinstance(node, exp.TryCast):
            return self._try_cast(node, scope)
        if isinstance(node, exp.Coalesce):
            found = [self.value(arm, scope) for arm in (node.this, *node.expressions)]
            return found[0] if all(found) else None
        if isinstance(node, (exp.Case, exp.If)):
            return self._arms(node, scope)
        if isinstance(node, _FOLDS):
            return self._fold(node, scope)
        if isinstance(node, exp.Window):
            return self._window(node, scope)
        if isinstance(node, exp.Anonymous) and node.name.lower() in _STRICT_NAMES:
            return _first(self.value(child, scope) for child in node.expressions)
        if isinstance(node, _STRICT):
            children = [c for c in node.iter_expressions() if not _is_word(c)]
            return _first(self.value(child, scope) for child in children)
        if isinstance(node, (exp.Greatest, exp.Least)):
            return _first(self.value(arm, scope) for arm in (node.this, *node.expressions))
        if isinstance(node, exp.Null):
            return Nullable("null", node)
        return Nullable("expression", node, node.sql())

    def _try_cast(self, node: exp.TryCast, scope: Scope) -> Nullable | None:
        if self.dialect in SPARK_FAMILY and node.args.get("safe") is not True:
            return self.value(node.this, scope)
        return Nullable("try", node, node.sql())

    def _arms(self, node: exp.Case | exp.If, scope: Scope) -> Nullable | None:
        last = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        nulls = [n for n in (last, *_results(node)) if isinstance(n, exp.Null)]
        if last is None or nulls:
            return Nullable("case", node)
        return _first(self.value(arm, scope) for arm in arms_of(node))

    def _fold(self, node: exp.Expr, scope: Scope) -> Nullable | None:
        if scope.select.args.get("group") is None or isinstance(node.parent, exp.Filter):
            return Nullable("aggregate", node, node.sql())
        return self.value(node.this, scope)

    def _window(self, node: exp.Window, scope: Scope) -> Nullable | None:
        function = node.this
        if isinstance(function, _NEVER):
            return None
        if isinstance(function, _FOLDS) and node.args.get("spec") is None:
            return self.value(function.this, scope)
        return Nullable("expression", node, function.sql())

    def _column(self, node: exp.Column, scope: Scope) -> Nullable | None:
        found = resolve(node, scope)
        if found is None:
            return Nullable("unknown", node, f"which table `{node.name}` is of")
        owner, source = found
        extended = _extended_by(owner, source.alias)
        if extended is not None:
            return Nullable("outer", extended, source.alias)
        if _is_rejected(node, _inner_conditions(owner)):
            return None
        match source:
            case TableSource():
                return _raw(source, node)
            case CteSource(cte=cte):
                if cte.renames:
                    return Nullable("unknown", node, f"where `{node.name}` comes from")
                return self.output(cte.query, node.name, cte.visible, None)
            case QuerySource(renames=False):
                around = owner if source.is_lateral else owner.parent
                return self.output(source.query, node.name, source.env, around)
            case RowSource() | QuerySource() | PivotSource():
                return Nullable("rows", node, source.alias)


def _raw(source: TableSource, node: exp.Column) -> Nullable | None:
    """A table's own partition column is never NULL: no row without a partition is written."""
    ref = source.ref
    if ref is None:
        return Nullable("input", node, "a table that the SQL names itself")
    if ref.partition is not None and ref.partition.column.lower() == node.name.lower():
        return None
    return Nullable("input", node, ref.relation)


def _results(node: exp.Case | exp.If) -> list[exp.Expr]:
    if isinstance(node, exp.If):
        return [node.args["true"]]
    return [branch.args["true"] for branch in node.args["ifs"]]


def _first(found: Iterable[Nullable | None]) -> Nullable | None:
    return next((one for one in found if one is not None), None)


def _is_word(node: exp.Expr) -> bool:
    """Whether it is a unit, a type or a name rather than a value."""
    return isinstance(node, (exp.DataType, exp.Var, exp.Identifier, exp.WeekStart))


def _known(scope: Scope, *clauses: str) -> list[exp.Expr]:
    """The conjuncts that every row shown satisfies."""
    found = [scope.select.args.get(clause) for clause in clauses]
    return [node for clause in found if clause is not None for node in conjuncts(clause.this)]


def _inner_conditions(scope: Scope) -> list[exp.Expr]:
    """The conjuncts of ON that hold for each row that is not extended with NULL."""
    joins = scope.select.args.get("joins") or ()
    inner = [
        j
        for j in joins
        if j.args.get("on") is not None
        and not j.args.get("side")
        and (j.args.get("kind") or "").upper() in ("", "INNER", "SEMI")
    ]
    return [node for join in inner for node in conjuncts(join.args["on"])]


def _is_rejected(node: exp.Expr, known: Collection[exp.Expr]) -> bool:
    """Whether one of the conditions is not true where `node` is NULL."""
    return any(_rejects(condition, node) for condition in known)


def _rejects(condition: exp.Expr, node: exp.Expr) -> bool:
    if isinstance(condition, exp.Paren):
        return _rejects(condition.this, node)
    if isinstance(condition, exp.And):
        return _rejects(condition.this, node) or _rejects(condition.expression, node)
    if isinstance(condition, exp.Or):
        return _rejects(condition.this, node) and _rejects(condition.expression, node)
    if isinstance(condition, _REJECTING):
        if isinstance(condition.expression, exp.All):
            return False  # which is true of NULL, too, where there is nothing to compare with
        return _needs(condition.this, node) or _needs(condition.expression, node)
    if isinstance(condition, (exp.Between, exp.In)):
        return _needs(condition.this, node)
    if isinstance(condition, exp.Not):
        inner = condition.this.unnest()
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            return _needs(inner.this, node)
        # NULL NOT IN (a query without rows) is true.
        is_like = isinstance(inner, exp.Like) and not isinstance(inner.expression, exp.Any)
        is_plain = (
            isinstance(inner, exp.Between)
            or is_like
            or (isinstance(inner, exp.In) and bool(inner.expressions))
        )
        return is_plain and _needs(inner.this, node)
    return False


def _needs(value: exp.Expr, node: exp.Expr) -> bool:
    """Whether `value` is NULL wherever `node` is."""
    if value == node:
        return True
    if not isinstance(value, (*_STRICT, exp.TryCast)):
        return False
    return any(_needs(child, node) for child in value.iter_expressions() if not _is_word(child))


def _extended_by(scope: Scope, alias: str) -> exp.Expr | None:
    """The outer join that may fill the columns of `alias` with NULL, if no condition undoes that."""
    joins = scope.select.args.get("joins") or []
    position = next((i for i, j in enumerate(joins) if _holds(j.this, alias)), -1)
    by: exp.Expr | None = None
    for i, join in enumerate(joins):
        side = (join.args.get("side") or "").upper()
        if (i == position and side in ("LEFT", "FULL")) or (
            i > position and side in ("RIGHT", "FULL")
        ):
            kind = (join.args.get("kind") or "").upper()
            by = by or (join if kind not in ("SEMI", "ANTI") else None)
    if by is None:
        return None
    known = _known(scope, "where", "qualify")
    own = [c for node in known for c in node.find_all(exp.Column) if c.table == alias]
    return None if any(_is_rejected(column, known) for column in own) else by


def _holds(node: exp.Expr, alias: str) -> bool:
    if node.alias_or_name == alias:
        return True
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
        return any(table.alias_or_name == alias for table in node.find_all(exp.Table))
    return False
