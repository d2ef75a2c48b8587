"""What a WHERE, ON, HAVING or QUALIFY says about terms: bounds, edges, and which rows it rejects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import DAY_US, Op, Path, Step
from sqlbackfill.query.images import SAME
from sqlbackfill.query.kinds import DATE_ARITHMETIC, Kind, is_time
from sqlbackfill.query.scopes import Scope
from sqlbackfill.query.terms import Edge, Owner, Range, Term, Terms, hulled, met
from sqlbackfill.query.units import unit_of, whole_number
from sqlbackfill.query.values import Constants, count_markers, holds_marker


@dataclass(frozen=True, slots=True)
class AuthorBound:
    """A comparison of `term` with a bound of the partition, in the author's own words."""

    term: Term
    range: Range
    node: exp.Expr
    markers: int


@dataclass(frozen=True, slots=True)
class Membership:
    """`term IN (query)` as a conjunct; the query's only column must equal the term."""

    term: Term
    kind: Kind
    query: exp.Expr


@dataclass(slots=True)
class Condition:
    """A conjunction. `rejects`: sources whose null-extended rows can never satisfy it; `idle`: parts that
    are false whatever the rows and the partition.
    """

    bounds: dict[Term, Range] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    rejects: set[Owner] = field(default_factory=set)
    author_bounds: list[AuthorBound] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    idle: list[exp.Expr] = field(default_factory=list)

    def add(self, other: Condition) -> None:
        self.bounds = met(self.bounds, other.bounds)
        self.edges += other.edges
        self.rejects |= other.rejects
        self.author_bounds += other.author_bounds
        self.memberships += other.memberships
        self.idle += other.idle


_FLIPPED: Final[dict[type[exp.Expr], type[exp.Expr]]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
}
_STRICT: Final = (
    exp.Cast, exp.Add, exp.Sub, exp.Mul, exp.Paren, exp.Neg, exp.TimestampTrunc, exp.DateTrunc,
    exp.AtTimeZone, exp.Date, exp.TsOrDsToDate, exp.DateDiff, *DATE_ARITHMETIC,
)  # fmt: skip


# Where one date less another is a whole number of days.
_SUBTRACTING: Final = frozenset({"duckdb", "postgres", "snowflake", "redshift"})


class ConditionReader:
    """Reads conditions. With `with_author_bounds` comparisons with markers bound their terms too;
    without, they are only collected, to be checked against what the query needs.
    """

    def __init__(self, terms: Terms, constants: Constants, *, with_author_bounds: bool) -> None:
        self._terms = terms
        self._constants = constants
        self._with_author_bounds = with_author_bounds

    @property
    def is_cut_at_midnights(self) -> bool:
        """Whether the output's bounds are dates."""
        return self._constants.partition_kind is BoundType.DATE

    def read(self, nodes: Iterable[exp.Expr], scope: Scope) -> Condition:
        """The conjunction of `nodes`."""
        result = Condition()
        for node in nodes:
            for conjunct in conjuncts(node):
                result.add(self._conjunct(conjunct, scope))
        return result

    def _conjunct(self, node: exp.Expr, scope: Scope) -> Condition:
        if isinstance(node, exp.Paren):
            return self.read([node.this], scope)
        if isinstance(node, exp.Or):
            return self._either(node, scope)
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            high = exp.LTE(this=node.this, expression=node.args["high"])
            if node.args.get("symmetric"):
                return Condition()
            result = self._compare(low, scope)
            result.add(self._compare(high, scope))
            return result
        if isinstance(node, tuple(_FLIPPED)):
            return self._compare(node, scope)
        if isinstance(node, exp.In):
            return self._in(node, scope)
        if isinstance(node, exp.Not):
            inner = node.this.unnest()
            if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
                return Condition(rejects=set(self._strict(inner.this, scope)))
        return Condition()

    def _either(self, node: exp.Or, scope: Scope) -> Condition:
        live = [arm for arm in _arms(node) if not is_never(arm)]
        idle = [arm for arm in _arms(node) if is_never(arm)]
        arms = [self.read([arm], scope) for arm in live]
        if not arms:
            return Condition()
        if len(arms) == 1:
            arms[0].idle += idle
            return arms[0]
        bounds = hulled([self._terms.spread(arm.bounds, arm.edges) for arm in arms])
        rejects = set.intersection(*(arm.rejects for arm in arms))
        return Condition(bounds=bounds, rejects=rejects)

    def _compare(self, node: exp.Expr, scope: Scope) -> Condition:
        left, right = node.this, node.expression
        if isinstance(left, exp.All) or isinstance(right, exp.All):
            return (
                Condition()
            )  # true of any value, NULL too, where there is nothing to compare with
        result = Condition(rejects=set(self._strict(left, scope) | self._strict(right, scope)))
        for term_side, value_side, operator in (
            (left, right, type(node)),
            (right, left, _FLIPPED[type(node)]),
        ):
            kind = self._terms.scopes.kind(term_side, scope)
            value = self._constants.value(value_side, kind)
            if value is None or term_side.find(exp.Column) is None:
                continue
            self._bound(result, self._terms.of(term_side, scope), kind, (operator, value), node)
            return result
        if not holds_marker(node) and not self._days_apart(result, node, scope):
            self._link(result, node, scope)
        return result

    def _days_apart(self, result: Condition, node: exp.Expr, scope: Scope) -> bool:
        """An edge for a number of days between two dates that is compared with a literal."""
        for side, other, operator in (
            (node.this, node.expression, type(node)),
            (node.expression, node.this, _FLIPPED[type(node)]),
        ):
            pair, days = self._days_between(side, scope), whole_number(other)
            if pair is None or days is None:
                continue
            result.edges.append(days_edge(*pair, operator, days))
            return True
        return False

    def _days_between(self, node: exp.Expr, scope: Scope) -> tuple[Term, Term] | None:
        """(x, y) of an expression that is the days from the date y to the date x."""
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.DateDiff):
            unit = node.args.get("unit")
            if unit is not None and unit_of(unit) != "day":
                return None
        elif not isinstance(node, exp.Sub) or self._terms.rules.dialect not in _SUBTRACTING:
            return None
        sides = (node.this, node.expression)
        if any(side.find(exp.Column) is None for side in sides):
            return None
        if any(self._terms.scopes.kind(side, scope) is not BoundType.DATE for side in sides):
            return None
        return self._terms.of(sides[0], scope), self._terms.of(sides[1], scope)

    def _bound(
        self,
        result: Condition,
        term: Term,
        kind: Kind,
        compared: tuple[type[exp.Expr], Path],
        node: exp.Expr,
    ) -> None:
        operator, value = compared
        beyond = (value.then((Step(Op.SHIFT, DAY_US if kind is BoundType.DATE else 1),)),)
        low = ((value,),) if operator in (exp.GT, exp.GTE, exp.EQ) else None
        high = (
            ((value,),)
            if operator is exp.LT
            else (beyond,)
            if operator in (exp.LTE, exp.EQ)
            else None
        )
        range_ = Range(low, high)
        markers = count_markers(node)
        if markers:
            # Inside: the bound must hold for every row that the comparison lets through.
            strict_low = (beyond,) if operator is exp.GT else low
            result.author_bounds.append(AuthorBound(term, Range(strict_low, high), node, markers))
            if not self._with_author_bounds:
                return
        result.bounds = met(result.bounds, {term: range_})

    def _link(self, result: Condition, node: exp.Expr, scope: Scope) -> None:
        """An edge between the two sides of a comparison of terms."""
        left, right = node.this, node.expression
        if left.find(exp.Column) is None or right.find(exp.Column) is None:
            return
        kinds = (self._terms.scopes.kind(left, scope), self._terms.scopes.kind(right, scope))
        x, y = self._terms.of(left, scope), self._terms.of(right, scope)
        operator = type(node)
        if operator in (exp.GT, exp.GTE):
            x, y, kinds = y, x, (kinds[1], kinds[0])
        images = self._terms.rules.between(*kinds)
        if images is None:
            return
        forward, backward = images
        if operator is exp.EQ:
            exact = forward == backward == SAME
            result.edges.append(Edge(x, y, forward, backward, x_settles=exact, y_settles=exact))
        elif is_time(kinds[0]) or kinds[0] is BoundType.INTEGER:
            above, below = (forward[0], None), (None, backward[1])
            result.edges.append(Edge(x, y, above, below, x_settles=False, y_settles=False))

    def _in(self, node: exp.In, scope: Scope) -> Condition:
        rejects = set(self._strict(node.this, scope))
        query = node.args.get("query")
        kind = self._terms.scopes.kind(node.this, scope)
        if query is not None:
            membership = Membership(self._terms.of(node.this, scope), kind, query)
            return Condition(rejects=rejects, memberships=[membership])
        if holds_marker(node):
            return Condition()
        if not node.expressions or node.args.get("unnest") or node.args.get("field"):
            return Condition()
        arms = [
            self._compare(exp.EQ(this=node.this, expression=value), scope).bounds
            for value in node.expressions
        ]
        return Condition(bounds=hulled(arms), rejects=rejects)

    def _strict(self, node: exp.Expr, scope: Scope) -> frozenset[Owner]:
        """The sources whose null-extended rows make `node` NULL."""
        if isinstance(node, exp.Column):
            return self._terms.owners_of(node, scope)
        if isinstance(node, _STRICT):
            children = [c for c in node.iter_expressions() if not isinstance(c, exp.DataType)]
            return frozenset().union(*(self._strict(child, scope) for child in children))
        return frozenset()


def days_edge(x: Term, y: Term, operator: type[exp.Expr], days: int) -> Edge:
    """The edge of `x - y OP days`, both being dates."""
    if operator is exp.GT:
        operator, days = exp.GTE, days + 1
    elif operator is exp.LT:
        operator, days = exp.LTE, days - 1
    later, earlier = ((Step(Op.SHIFT, n * DAY_US),) if n else () for n in (days, -days))
    if operator is exp.EQ:
        # Edges that settle both ways are taken for equalities.
        images = (earlier, earlier), (later, later)
        return Edge(x, y, *images, x_settles=not days, y_settles=not days)
    if operator is exp.GTE:
        return Edge(x, y, (None, earlier), (later, None), x_settles=False)
    return Edge(x, y, (earlier, None), (None, later), x_settles=False)


def conjuncts(node: exp.Expr) -> list[exp.Expr]:
    """The operands of nested ANDs."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.And):
        return conjuncts(node.this) + conjuncts(node.expression)
    return [node]


def _arms(node: exp.Expr) -> list[exp.Expr]:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Or):
        return _arms(node.this) + _arms(node.expression)
    return [node]


def is_never(node: exp.Expr) -> bool:
    """Whether a condition is false or NULL whatever the rows: such an arm of an OR can be dropped."""
    for conjunct in conjuncts(node):
        if isinstance(conjunct, exp.Null) or (
            isinstance(conjunct, exp.Boolean) and not conjunct.this
        ):
            return True
        if isinstance(conjunct, exp.EQ):
            sides = (conjunct.this, conjunct.expression)
            if all(isinstance(side, exp.Literal) and not side.is_string for side in sides):
                return bool(sides[0].name != sides[1].name and sides[0].is_int and sides[1].is_int)
        if isinstance(conjunct, exp.Is) and isinstance(conjunct.expression, exp.Null):
            return _is_given(conjunct.this)
    return False


def _is_given(node: exp.Expr) -> bool:
    """Whether it is a literal, or one cast to a date, which is an error or not NULL."""
    node = node.unnest()
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        node = node.this.unnest()
    return isinstance(node, exp.Literal)
