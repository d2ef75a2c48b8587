"""How needs pass through the join tree to its leaves. Reads no SQL beyond FROM and ON.

A need is a conjunction of bounds and edges: only rows of the node that satisfy it matter. The claim
at every node: rows that do not satisfy the child's need can go, and no row of the node that satisfies
its own need appears, disappears or changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.query.conditions import Condition
from sqlbackfill.query.join_tree import Join, JoinKind, Leaf, Tree, row_facts, simplified
from sqlbackfill.query.reasons import Reason
from sqlbackfill.query.row_sources import is_generated
from sqlbackfill.query.sources import RowSource
from sqlbackfill.query.terms import Edge, Owner, Range, Term, Terms, met


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


Deliver: TypeAlias = Callable[[Leaf, Need], None]
Check: TypeAlias = Callable[[Condition, "dict[Term, Range]"], None]
Choose: TypeAlias = Callable[[Join, Mapping[Term, Range]], None]


@dataclass(slots=True)
class JoinPass:
    """Pushes needs down a tree. `deliver` takes them at the leaves, `check` sees every ON condition
    with the saturated bounds of the rows that it is applied to, `choose` every ASOF join with the
    bounds of the rows that it finds the nearest for.
    """

    terms: Terms
    outer: frozenset[Owner]
    deliver: Deliver
    check: Check
    choose: Choose

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
            case JoinKind.ASOF:
                self._asof(tree, need, is_inner=True)
            case JoinKind.ASOF_LEFT:
                self._asof(tree, need, is_inner=False)

    def _simplified(self, tree: Join, need: Need) -> JoinKind:
        rejects = need.rejects | self._rejected(need.bounds)
        return simplified(tree.kind, tree, frozenset(rejects))

    def _inner(self, tree: Join, need: Need) -> None:
        present = need.rejects | tree.on.rejects
        more, further = self._facts(tree, present)
        bounds = met(need.bounds, tree.on.bounds, further)
        edges = [*need.edges, *tree.on.edges, *more]
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
        # Rows that find a partner satisfy ON, so what it rejects is present in them.
        more, further = row_facts(kept, frozenset((mine.rejects | tree.on.rejects) & kept.owners))
        edges = [*mine.edges, *tree.on.edges, *more]
        theirs = self._saturate(met(mine_bounds, tree.on.bounds, further), edges)
        own = {t: r for t, r in theirs.items() if self._within(t, extended.owners)}
        self.check(tree.on, own)
        self.push(
            extended,
            self._part(extended, theirs, tree.on.edges, tree.on.rejects, need.why, tree),
        )

    def _asof(self, tree: Join, need: Need, *, is_inner: bool) -> None:
        """Of the right side all candidates for the rows that matter, whichever of them are wanted:
        to leave out the nearest would bring in another.
        """
        edges = [*need.edges, *tree.on.edges] if is_inner else need.edges
        bounds = self._saturate(need.bounds, edges)
        bounds = self._equal_choices(bounds, tree.on.edges, tree)
        rejects = need.rejects | tree.on.rejects if is_inner else need.rejects
        mine = self._part(tree.left, bounds, need.edges, rejects, need.why, tree)
        self.choose(tree, {t: r for t, r in mine.bounds.items() if not self._is_outer(t)})
        self.push(tree.left, mine)
        present = frozenset((mine.rejects | tree.on.rejects) & tree.left.owners)
        more, further = row_facts(tree.left, present)
        theirs = self._saturate(met(mine.bounds, further), [*mine.edges, *tree.on.edges, *more])
        theirs = {t: r for t, r in theirs.items() if self._within(t, tree.right.owners)}
        self.push(
            tree.right, self._part(tree.right, theirs, [], tree.on.rejects, need.why, tree, bounds)
        )

    def _facts(self, tree: Join, present: set[Owner]) -> tuple[list[Edge], dict[Term, Range]]:
        """What the joins below an inner join say of each row that it gives."""
        left = row_facts(tree.left, frozenset(present & tree.left.owners))
        right = row_facts(tree.right, frozenset(present & tree.right.owners))
        return [*left[0], *right[0]], met(left[1], right[1])

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
        around: Mapping[Term, Range] | None = None,
    ) -> Need:
        """The need of one side; `around` are the bounds of the joined rows, where these are more."""
        part = {t: r for t, r in bounds.items() if self._within(t, side.owners)}
        own = [r for t, r in part.items() if not self._is_outer(t)]
        joined = [r for t, r in (around or bounds).items() if not self._is_outer(t)]
        was_bounded = any(r.is_bounded for r in joined)
        if not any(r.follows for r in own):
            why = (*why, unlinked(join, side, bounds, self.terms))
        elif was_bounded and not any(r.is_bounded for r in own):
            why = (*why, unlinked(join, side, around or bounds, self.terms))
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


def unlinked(join: Join, side: Tree, bounds: Mapping[Term, Range], terms: Terms) -> Reason:
    """Why `side` of `join` is read with an end open, or both."""
    code = "JOIN_NO_PARTITION_LINK"
    subject = (join.node.this if isinstance(join.node, exp.Join) else join.node).alias_or_name
    other = join.left if side is join.right else join.right
    if join.kind is JoinKind.FULL:
        code = "COALESCE_WITHOUT_EQUALITY"
    elif join.kind in (JoinKind.ASOF, JoinKind.ASOF_LEFT) and side is join.right:
        code = "ASOF_PAST"
    elif isinstance(other, Leaf) and isinstance(other.source, RowSource):
        subject = other.source.alias
        from_element = any(
            r.follows and terms.info[t].owners == other.owners for t, r in bounds.items()
        )
        if from_element and not is_generated(other.source):
            return Reason("P_FROM_UNNEST", other.source.node, subject)
    return Reason(code, join.node, subject)
