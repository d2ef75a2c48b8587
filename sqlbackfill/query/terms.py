"""Terms (expressions that bounds are about), the ranges they lie in, and how ranges spread along edges.

A term is canonical SQL with the number of its scope, since aliases repeat. A missing bound means
that any value may matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import (
    Limit,
    Origin,
    Path,
    both_lower,
    both_upper,
    either,
    is_within,
    limit_after,
)
from sqlbackfill.query.edges import EdgeRules
from sqlbackfill.query.images import SAME, Image, widened
from sqlbackfill.query.kinds import InnerKind, Kind, arms_of, is_time, is_wall, rounds
from sqlbackfill.query.row_sources import ends_of, exploded
from sqlbackfill.query.scopes import Scope, Scopes, resolve
from sqlbackfill.query.sources import TableSource
from sqlbackfill.query.spelling import text_of

Term: TypeAlias = str
Owner: TypeAlias = tuple[int, str]

NOWHERE: Final[Owner] = (-1, "?")
_TICK_US: Final = 1
_MOST_VISITS: Final = 2
_MOST_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Range:
    """Where a term's value lies for rows that matter; `nulls`: rows of NULL matter too.

    `settles`: the term's value determines the output partition of the row.
    """

    lower: Limit | None = None
    upper: Limit | None = None
    nulls: bool = False
    settles: bool = False

    @property
    def is_open(self) -> bool:
        return self.lower is None and self.upper is None

    @property
    def follows(self) -> bool:
        """Whether an end moves with the output partition."""
        return _moves(self.lower) or _moves(self.upper)

    @property
    def is_bounded(self) -> bool:
        """Whether both ends move with the output partition."""
        return _moves(self.lower) and _moves(self.upper)

    def meet(self, other: Range) -> Range:
        return Range(
            both_lower(self.lower, other.lower),
            both_upper(self.upper, other.upper),
            self.nulls and other.nulls,
            self.settles or other.settles,
        )

    def hull(self, other: Range) -> Range:
        return Range(
            either(self.lower, other.lower, lower=True),
            either(self.upper, other.upper, lower=False),
            self.nulls or other.nulls,
            self.settles and other.settles,
        )

    def is_within(self, other: Range) -> bool:
        return (
            is_within(self.lower, other.lower, lower=True)
            and is_within(self.upper, other.upper, lower=False)
            and (other.nulls or not self.nulls)
            and (self.settles or not other.settles)
        )


def _moves(limit: Limit | None) -> bool:
    return limit is not None and all(
        any(path.origin is not Origin.CONST for path in option) for option in limit
    )


OWN_PARTITION: Final = Range(lower=((Path(Origin.LO),),), upper=((Path(Origin.HI),),), settles=True)

Store: TypeAlias = Mapping[Term, Range]


@dataclass(frozen=True, slots=True)
class Edge:
    """y = f(x) as images; `x_settles`: the value of x determines that of y; `y_settles` the reverse.

    `keeps_nulls`: each is NULL where the other is. `nulls_only`: other edges say the same of ranges
    without NULL.
    """

    x: Term
    y: Term
    forward: Image
    backward: Image
    x_settles: bool = True
    y_settles: bool = False
    keeps_nulls: bool = False
    nulls_only: bool = False


@dataclass(slots=True)
class TermInfo:
    """What is known of a term; `strict` owners make it NULL where their row is null-extended."""

    kind: Kind
    owners: frozenset[Owner]
    strict: frozenset[Owner]
    choices: tuple[Term, ...] = ()
    arms: int = 0
    is_coalesce: bool = False
    extremum_of: Term | None = None
    column: str | None = None


@dataclass(slots=True)
class Terms:
    """All terms of one query, made on demand, with their structural edges.

    `described` are the scopes of whose sources all that is known was added, `related` those with edges
    between columns of one source.
    """

    scopes: Scopes
    rules: EdgeRules
    info: dict[Term, TermInfo] = field(default_factory=dict)
    edges: dict[Term, list[Edge]] = field(default_factory=dict)
    described: set[int] = field(default_factory=set)
    related: set[int] = field(default_factory=set)

    def of(self, node: exp.Expr, scope: Scope) -> Term:
        """The term of an expression that stands in `scope`."""
        while isinstance(node, (exp.Paren, exp.Alias)) or self._is_date_of_date(node, scope):
            node = node.this
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        key = f"{scope.number}:{text_of(node)}"
        if key not in self.info:
            self._add(key, node, scope)
        return key

    def _is_date_of_date(self, node: exp.Expr, scope: Scope) -> bool:
        """Whether it is a TO_DATE that changes nothing; printing leaves such a one out, too."""
        return (
            isinstance(node, exp.TsOrDsToDate)
            and not node.args.get("format")
            and self.scopes.kind(node.this, scope) is BoundType.DATE
        )

    def owners_of(self, node: exp.Expr, scope: Scope) -> frozenset[Owner]:
        return frozenset(self._owner(column, scope) for column in node.find_all(exp.Column))

    def raw_column(self, owner: Owner, name: str) -> Term:
        return f"{owner[0]}:{owner[1]}.{name}"

    def _owner(self, column: exp.Expr, scope: Scope) -> Owner:
        found = resolve(column, scope)
        return (found[0].number, found[1].alias) if found is not None else NOWHERE

    def _column(self, column: exp.Column, scope: Scope) -> Term:
        owner = self._owner(column, scope)
        if owner is NOWHERE:
            key = f"{scope.number}:?{column.sql()}"
            self.info.setdefault(key, TermInfo(None, frozenset({NOWHERE}), frozenset()))
            return key
        raw = self.raw_column(owner, column.name)
        owners = frozenset({owner})
        if raw not in self.info:
            self.info[raw] = TermInfo(
                self.scopes.kind(column, scope), owners, owners, column=column.name
            )
        found = resolve(column, scope)
        source = found[1] if found is not None else None
        if isinstance(source, TableSource) and rounds(self.scopes.column_type(source, column.name)):
            # What a comparison or cast sees may be the value rounded to microseconds.
            key = raw + "~"
            if key not in self.info:
                self.info[key] = TermInfo(self.info[raw].kind, owners, owners)
                image = widened(SAME, _TICK_US)
                self.connect(Edge(raw, key, image, image))
            return key
        return raw

    def _add(self, key: Term, node: exp.Expr, scope: Scope) -> None:
        kind = self.scopes.kind(node, scope)
        link = self.rules.link(node, lambda child: self.scopes.kind(child, scope))
        if link is not None:
            argument = self.of(link.argument, scope)
            inner = self.info[argument]
            self.info[key] = TermInfo(kind, inner.owners, inner.strict)
            exact = link.forward == link.backward == SAME
            # Instants that are equal may have other dates where each brings an offset of its own.
            is_read = inner.kind is InnerKind.OWN_OFFSET and is_wall(kind)
            self.connect(Edge(argument, key, link.forward, link.backward, not is_read, exact))
            return
        info = TermInfo(kind, self.owners_of(node, scope), frozenset())
        self.info[key] = info
        if isinstance(node, exp.Coalesce):
            info.choices = tuple(self.of(arm, scope) for arm in (node.this, *node.expressions))
            info.is_coalesce = True
        elif isinstance(node, (exp.Case, exp.If)):
            info.choices = tuple(self.of(arm, scope) for arm in arms_of(node))
            info.arms = len(info.choices)
        elif isinstance(node, _EXTREMA) and isinstance(node.this, exp.Expr):
            info.extremum_of = self.of(node.this, scope)
        elif (listed := exploded(node)) is not None:
            self._between_ends(key, listed, scope)

    def _between_ends(self, key: Term, listed: exp.Expr, scope: Scope) -> None:
        """Adds what is known of an element of a series: it lies between the series' ends."""
        ends = ends_of(listed, self.rules.dialect)
        if ends is None or any(end.find(exp.Column) is None for end in ends):
            return
        kind = self.info[key].kind
        for end, is_start in zip(ends, (True, False), strict=True):
            images = self.rules.between(self.scopes.kind(end, scope), kind)
            if images is None or not (is_time(kind) or kind is BoundType.INTEGER):
                continue
            forward, backward = images
            if is_start:
                edge = Edge(
                    self.of(end, scope), key, (forward[0], None), (None, backward[1]), False
                )
            else:
                edge = Edge(
                    key, self.of(end, scope), (backward[0], None), (None, forward[1]), False
                )
            self.connect(edge)

    def connect(self, edge: Edge) -> None:
        self.edges.setdefault(edge.x, []).append(edge)
        self.edges.setdefault(edge.y, []).append(edge)

    def spread(self, bounds: Store, edges: Iterable[Edge] = ()) -> dict[Term, Range]:
        """The bounds with everything that follows from them along structural edges and `edges`.

        Each end moves along an edge by itself and monotonically, so bounds spread one seed at a
        time and meet where they arrive; stopping early would only lose bounds.
        """
        local: dict[Term, list[Edge]] = {}
        for edge in edges:
            local.setdefault(edge.x, []).append(edge)
            local.setdefault(edge.y, []).append(edge)
        result: dict[Term, Range] = dict(bounds)
        for seed in [*bounds]:
            self._spread_one(seed, bounds[seed], local, result)
        return result

    def saturate(self, bounds: Store, edges: Iterable[Edge] = ()) -> dict[Term, Range]:
        """`spread`, and through COALESCE, CASE and IF to what their arms have in common."""
        edges = tuple(edges)
        result = self.spread(bounds, edges)
        for _ in range(_MOST_VISITS):
            found = self._through_choices(result)
            new = {t: r for t, r in found.items() if t not in result or not result[t].is_within(r)}
            if not new:
                break
            result = self.spread(met(result, new), edges)
        return result

    def _through_choices(self, bounds: Store) -> dict[Term, Range]:
        found: dict[Term, Range] = {}
        for term, range_ in bounds.items():
            info = self.info[term]
            if not info.choices or range_.nulls:
                continue
            plain = replace(range_, settles=False)
            if info.is_coalesce:
                found = met(found, {info.choices[0]: replace(plain, nulls=True)})
            elif len(info.choices) == info.arms:
                found = met(found, hulled([self.spread({arm: plain}) for arm in info.choices]))
        return found

    def _spread_one(
        self, seed: Term, start: Range, local: Mapping[Term, list[Edge]], result: dict[Term, Range]
    ) -> None:
        best: dict[Term, list[Range]] = {seed: [start]}
        queue: list[tuple[Term, Range, int]] = [(seed, start, 0)]
        for term, range_, steps in queue:
            if steps >= _MOST_STEPS:
                continue
            for edge in (*self.edges.get(term, ()), *local.get(term, ())):
                if not (edge.keeps_nulls if range_.nulls else not edge.nulls_only):
                    continue
                target, image = _image(edge, term, range_)
                if image is None:
                    continue
                seen = best.setdefault(target, [])
                if len(seen) >= _MOST_VISITS or any(r.is_within(image) for r in seen):
                    continue
                seen.append(image)
                known = result.get(target)
                result[target] = image if known is None else known.meet(image)
                queue.append((target, image, steps + 1))


_EXTREMA: Final = (exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last)


def _image(edge: Edge, start: Term, range_: Range) -> tuple[Term, Range | None]:
    """Where `edge` takes the range of the term `start`; None if it says nothing there."""
    if edge.x == start:
        target, (low, high), settles = edge.y, edge.forward, edge.y_settles
    else:
        target, (low, high), settles = edge.x, edge.backward, edge.x_settles
    image = Range(
        limit_after(range_.lower, low),
        limit_after(range_.upper, high),
        nulls=range_.nulls,
        settles=range_.settles and settles,
    )
    return target, None if image.is_open and not image.settles else image


def met(*stores: Store) -> dict[Term, Range]:
    """The conjunction of stores."""
    result: dict[Term, Range] = {}
    for store in stores:
        for term, range_ in store.items():
            known = result.get(term)
            result[term] = range_ if known is None else known.meet(range_)
    return result


def hulled(stores: Iterable[Store]) -> dict[Term, Range]:
    """The hull over the terms that every store bounds; at least one store."""
    first, *rest = stores
    result = dict(first)
    for store in rest:
        result = {
            term: hull
            for term, range_ in result.items()
            if term in store and not (hull := range_.hull(store[term])).is_open
        }
    return result
