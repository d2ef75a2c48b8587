"""How needs pass through the join tree to its leaves. Reads no SQL beyond FROM and ON.

A need is a conjunction of bounds and edges: only rows of the node that satisfy it matter. The claim
at every node: rows that do not satisfy the child's need can go, and no row of the node that satisfies
its own need appears, disappears or changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.query.conditions import Condition, ConditionReader
from sqlbackfill.query.reasons import Reason
from sqlbackfill.query.scopes import Scope, Source
from sqlbackfill.query.terms import Edge, Owner, Range, Term, Terms, met


class JoinKind(Enum):
    """The joins that have a rule; everything else makes the whole SELECT opaque."""

    INNER = "inner"
    LEFT = "left"
    RIGHT = "right"
    FULL = "full"
    SEMI = "semi"
    ANTI = "anti"


@dataclass(slots=True, eq=False)
class Leaf:
    """One source of the FROM clause."""

    source: Source
    owners: frozenset[Owner]


@dataclass(slots=True, eq=False)
class Join:
    """A join of two trees; `on` is read when the tree is built."""

    kind: JoinKind
    left: Tree
    right: Tree
    on: Condition
    node: exp.Join
    owners: frozenset[Owner]


Tree: TypeAlias = Leaf | Join


@dataclass(slots=True)
class Need:
    """Which rows of a node matter.

    `why`: what has been lost on the way here, first first. `lateral`: the bounds that hold for the
    rows of the other side as well, which a lateral query may name.
    """

    bounds: dict[Term, Range] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    rejects: set[Owner] = field(default_factory=set)
    why: tuple[Reason, ...] = ()
    lateral: dict[Term, Range] = field(default_factory=dict)


_KINDS: Final = {
    ("", ""): JoinKind.INNER,
    ("", "INNER"): JoinKind.INNER,
    ("", "CROSS"): JoinKind.INNER,
    ("LEFT", ""): JoinKind.LEFT,
    ("LEFT", "OUTER"): JoinKind.LEFT,
    ("RIGHT", ""): JoinKind.RIGHT,
    ("RIGHT", "OUTER"): JoinKind.RIGHT,
    ("FULL", ""): JoinKind.FULL,
    ("FULL", "OUTER"): JoinKind.FULL,
    ("", "SEMI"): JoinKind.SEMI,
    ("LEFT", "SEMI"): JoinKind.SEMI,
    ("", "ANTI"): JoinKind.ANTI,
    ("LEFT", "ANTI"): JoinKind.ANTI,
}
_JOIN_ARGS: Final = frozenset({"this", "on", "side", "kind"})
_TABLE_ARGS: Final = frozenset({"this", "alias", "db", "catalog", "joins"})
_SUBQUERY_ARGS: Final = frozenset({"this", "alias", "with_"})
_LATERAL_ARGS: Final = frozenset({"this", "alias"})


def build_tree(scope: Scope, reader: ConditionReader) -> Tree | None:
    """The join tree of a SELECT; None if there is no FROM or anything in it has no rule."""
    from_ = scope.select.args.get("from_")
    if from_ is None or scope.is_opaque or scope.select.args.get("laterals"):
        return None
    return _join_all(from_.this, scope.select.args.get("joins") or [], scope, reader)


def _join_all(
    first: exp.Expr, joins: list[exp.Join], scope: Scope, reader: ConditionReader
) -> Tree | None:
    tree = _operand(first, scope, reader)
    after_comma = False
    for node in joins:
        kind = _kind(node)
        right = _operand(node.this, scope, reader)
        if tree is None or right is None or kind is None:
            return None
        # A comma binds more loosely than JOIN, which matters once a join keeps rows of its right.
        if after_comma and kind in (JoinKind.RIGHT, JoinKind.FULL):
            return None
        on = node.args.get("on")
        after_comma = after_comma or (on is None and not node.args.get("kind"))
        condition = reader.read([on] if on is not None else [], scope)
        keeps_right = kind not in (JoinKind.SEMI, JoinKind.ANTI)
        owners = tree.owners | right.owners if keeps_right else tree.owners
        tree = Join(kind, tree, right, condition, node, owners)
    return tree


def _kind(node: exp.Join) -> JoinKind | None:
    if any(value for key, value in node.args.items() if key not in _JOIN_ARGS):
        return None
    return _KINDS.get(
        ((node.args.get("side") or "").upper(), (node.args.get("kind") or "").upper())
    )


def _operand(node: exp.Expr, scope: Scope, reader: ConditionReader) -> Tree | None:
    allowed: dict[type[exp.Expr], frozenset[str]] = {
        exp.Table: _TABLE_ARGS,
        exp.Subquery: _SUBQUERY_ARGS,
        exp.Lateral: _LATERAL_ARGS,
    }
    args = allowed.get(type(node))
    if args is not None and any(v for k, v in node.args.items() if k not in args):
        return None
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
        if node.args.get("alias"):
            return None
        return _join_all(node.this, node.this.args.get("joins") or [], scope, reader)
    source = scope.sources.get(node.alias_or_name)
    if source is None:
        return None
    return Leaf(source, frozenset({(scope.number, source.alias)}))


def row_edges(tree: Tree) -> list[Edge]:
    """The edges of ON conditions that hold for every row that the whole tree gives."""
    if isinstance(tree, Leaf):
        return []
    match tree.kind:
        case JoinKind.INNER | JoinKind.SEMI:
            kept = [*row_edges(tree.left), *tree.on.edges]
            return kept + (row_edges(tree.right) if tree.kind is JoinKind.INNER else [])
        case JoinKind.LEFT | JoinKind.ANTI:
            return row_edges(tree.left)
        case JoinKind.RIGHT:
            return row_edges(tree.right)
        case JoinKind.FULL:
            return []


Deliver: TypeAlias = Callable[[Leaf, Need], None]
Check: TypeAlias = Callable[[Condition, "dict[Term, Range]"], None]


@dataclass(slots=True)
class JoinPass:
    """Pushes needs down a tree. `deliver` takes them at the leaves, `check` sees every ON condition
    with the saturated bounds of the rows that it is applied to.
    """

    terms: Terms
    outer: frozenset[Owner]
    deliver: Deliver
    check: Check

    def push(self, tree: Tree, need: Need) -> None:
        """Takes `need` of the rows of `tree` down to every leaf."""
        if isinstance(tree, Leaf):
            self.deliver(tree, replace(need, bounds=self._saturate(need.bounds, need.edges)))
            return
        match self._simplified(tree, need):
            case JoinKind.INNER | JoinKind.SEMI:
                self._inner(tree, need)
            case JoinKind.LEFT | JoinKind.ANTI:
                self._outer(tree, need, tree.left, tree.right)
            case JoinKind.RIGHT:
                self._outer(tree, need, tree.right, tree.left)
            case JoinKind.FULL:
                self._full(tree, need)

    def _simplified(self, tree: Join, need: Need) -> JoinKind:
        rejects = need.rejects | self._rejected(need.bounds)
        left, right = rejects & tree.left.owners, rejects & tree.right.owners
        match tree.kind:
            case JoinKind.LEFT if right:
                return JoinKind.INNER
            case JoinKind.RIGHT if left:
                return JoinKind.INNER
            case JoinKind.FULL if left or right:
                return (
                    JoinKind.INNER if left and right else JoinKind.LEFT if left else JoinKind.RIGHT
                )
            case kind:
                return kind

    def _inner(self, tree: Join, need: Need) -> None:
        bounds = met(need.bounds, tree.on.bounds)
        edges = [*need.edges, *tree.on.edges]
        bounds = self._equal_choices(self._saturate(bounds, edges), tree.on.edges, tree)
        bounds = self._saturate(bounds, edges)
        self.check(tree.on, bounds)
        rejects = need.rejects | tree.on.rejects
        for side in (tree.left, tree.right):
            self.push(side, self._part(side, bounds, edges, rejects, need.why, tree))

    def _outer(self, tree: Join, need: Need, kept: Tree, extended: Tree) -> None:
        bounds = self._saturate(need.bounds, need.edges)
        bounds = self._equal_choices(bounds, tree.on.edges, tree)
        mine = self._part(kept, bounds, need.edges, need.rejects, need.why, tree)
        self.push(kept, mine)
        mine_bounds = self._saturate(mine.bounds, mine.edges)
        edges = [*mine.edges, *tree.on.edges]
        theirs = self._saturate(met(mine_bounds, tree.on.bounds), edges)
        own = {t: r for t, r in theirs.items() if self._within(t, extended.owners)}
        self.check(tree.on, own)
        self.push(
            extended,
            self._part(extended, theirs, tree.on.edges, tree.on.rejects, need.why, tree),
        )

    def _full(self, tree: Join, need: Need) -> None:
        bounds = self._equal_choices(
            self._saturate(need.bounds, need.edges), tree.on.edges, tree, full=True
        )
        self.check(tree.on, {})
        for side in (tree.left, tree.right):
            self.push(side, self._part(side, bounds, [], set(), need.why, tree))

    def _equal_choices(
        self,
        bounds: dict[Term, Range],
        on: Iterable[Edge],
        tree: Join,
        *,
        full: bool = False,
    ) -> dict[Term, Range]:
        """For COALESCE(x, y) whose parts from the two sides are equal by ON: the bound on each part.

        Sound for any join, since a row that has one side only takes its value from there.
        """
        found: dict[Term, Range] = {}
        for term, range_ in bounds.items():
            info = self.terms.info[term]
            if not info.is_coalesce or range_.nulls:
                continue
            left = tuple(c for c in info.choices if self._within(c, tree.left.owners))
            right = tuple(c for c in info.choices if self._within(c, tree.right.owners))
            if len(left) + len(right) != len(info.choices) or not left or not right:
                continue
            x, y = self._coalesced(left), self._coalesced(right)
            if x is not None and y is not None and self._are_equal(x, y, on):
                found = met(found, {x: range_, y: range_})
        if full:
            return {t: r for t, r in bounds.items() if self._is_outer(t)} | found
        left_only = {
            t: r
            for t, r in found.items()
            if tree.kind is JoinKind.INNER
            or self._within(t, (tree.left if tree.kind is JoinKind.LEFT else tree.right).owners)
        }
        return met(bounds, left_only)

    def _coalesced(self, parts: tuple[Term, ...]) -> Term | None:
        if not all(self.terms.info[part].strict for part in parts):
            return None
        if len(parts) == 1:
            return parts[0]
        for term, info in self.terms.info.items():
            if info.is_coalesce and info.choices == parts:
                return term
        return None

    def _are_equal(self, x: Term, y: Term, on: Iterable[Edge]) -> bool:
        return any({edge.x, edge.y} == {x, y} and edge.x_settles and edge.y_settles for edge in on)

    def _part(
        self,
        side: Tree,
        bounds: dict[Term, Range],
        edges: list[Edge],
        rejects: set[Owner],
        why: tuple[Reason, ...],
        join: Join,
    ) -> Need:
        part = {t: r for t, r in bounds.items() if self._within(t, side.owners)}
        own = {t: r for t, r in part.items() if not self._is_outer(t)}
        if not any(r.follows for r in own.values()):
            why = (*why, unlinked(join))
        return Need(
            bounds=part,
            edges=[
                e
                for e in edges
                if self._within(e.x, side.owners) and self._within(e.y, side.owners)
            ],
            rejects=rejects & side.owners,
            why=why,
            lateral=bounds,
        )

    def _rejected(self, bounds: dict[Term, Range]) -> set[Owner]:
        result: set[Owner] = set()
        for term, range_ in bounds.items():
            if not range_.nulls and not range_.is_open:
                result |= self.terms.info[term].strict
        return result

    def _within(self, term: Term, owners: frozenset[Owner]) -> bool:
        return self.terms.info[term].owners <= owners | self.outer

    def _is_outer(self, term: Term) -> bool:
        return self.terms.info[term].owners <= self.outer

    def _saturate(self, bounds: dict[Term, Range], edges: Iterable[Edge]) -> dict[Term, Range]:
        return self.terms.saturate(bounds, edges)


def unlinked(join: Join) -> Reason:
    """Why a side of `join` is read without a bound."""
    code = "COALESCE_WITHOUT_EQUALITY" if join.kind is JoinKind.FULL else "JOIN_NO_PARTITION_LINK"
    return Reason(code, join.node, join.node.this.alias_or_name)
