"""The join tree of a SELECT, and what its ON conditions say of the rows that it gives. Pushes no need."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query.asof import asof_condition
from sqlbackfill.query.conditions import Condition, ConditionReader
from sqlbackfill.query.row_sources import ends_of, listed_in
from sqlbackfill.query.sampling import is_by_row
from sqlbackfill.query.scopes import Scope
from sqlbackfill.query.sources import PivotSource, RowSource, Source
from sqlbackfill.query.terms import Edge, Owner, Range, Term, met
from sqlbackfill.query.values import holds_marker


class JoinKind(Enum):
    """The joins that have a rule; everything else makes the whole SELECT opaque."""

    INNER = "inner"
    LEFT = "left"
    RIGHT = "right"
    FULL = "full"
    SEMI = "semi"
    ANTI = "anti"
    ASOF = "asof"
    ASOF_LEFT = "asof left"


@dataclass(slots=True, eq=False)
class Leaf:
    """One source of the FROM clause."""

    source: Source
    owners: frozenset[Owner]


@dataclass(slots=True, eq=False)
class Join:
    """A join of two trees; `on` is read when the tree is built.

    Of an ASOF join `on` holds only what its candidates satisfy before one of them is chosen.
    """

    kind: JoinKind
    left: Tree
    right: Tree
    on: Condition
    node: exp.Expr
    owners: frozenset[Owner]


Tree: TypeAlias = Leaf | Join

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
_ASOF_KINDS: Final = {
    ("", ""): JoinKind.ASOF,
    ("", "INNER"): JoinKind.ASOF,
    ("LEFT", ""): JoinKind.ASOF_LEFT,
    ("LEFT", "OUTER"): JoinKind.ASOF_LEFT,
}
_LOOSE_AFTER_COMMA: Final = (JoinKind.RIGHT, JoinKind.FULL, JoinKind.ASOF, JoinKind.ASOF_LEFT)
_JOIN_ARGS: Final = frozenset({"this", "on", "side", "kind"})
_ASOF_ARGS: Final = _JOIN_ARGS | {"method", "match_condition"}
_OPERAND_ARGS: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.Table: frozenset({"this", "alias", "db", "catalog", "joins", "sample", "pivots"}),
    exp.Subquery: frozenset({"this", "alias", "with_", "sample", "pivots"}),
    exp.Lateral: frozenset({"this", "alias"}),
    exp.TableFromRows: frozenset({"this", "alias"}),
}
_VIEW_ARGS: Final = frozenset({"this", "alias", "view", "outer"})


@dataclass(frozen=True, slots=True)
class _Builder:
    scope: Scope
    reader: ConditionReader
    dialect: str

    def all(self, first: exp.Expr, joins: list[exp.Join]) -> Tree | None:
        tree = self.operand(first)
        after_comma = False
        for node in joins:
            kind = _kind(node)
            right = self.operand(node.this)
            if tree is None or right is None or kind is None or _may_pivot_all(node):
                return None
            # A comma binds more loosely than JOIN, which matters once a join keeps rows of its right,
            # and to an ASOF join whose ON names what stands before the comma (V: other rows in DuckDB).
            if after_comma and kind in _LOOSE_AFTER_COMMA:
                return None
            on = node.args.get("on")
            after_comma = after_comma or (on is None and not node.args.get("kind"))
            if kind in (JoinKind.ASOF, JoinKind.ASOF_LEFT):
                condition = asof_condition(
                    node, self.scope, self.reader, (tree.owners, right.owners)
                )
                if condition is None:
                    return None
            else:
                condition = self.reader.read([on] if on is not None else [], self.scope)
                condition.add(self._between_ends(right))
            keeps_right = kind not in (JoinKind.SEMI, JoinKind.ANTI)
            owners = tree.owners | right.owners if keeps_right else tree.owners
            tree = Join(kind, tree, right, condition, node, owners)
        return tree

    def operand(self, node: exp.Expr) -> Tree | None:
        args = _OPERAND_ARGS.get(type(node))
        if args is not None and any(v for k, v in node.args.items() if k not in args):
            return None
        sample, is_pivoted = node.args.get("sample"), bool(node.args.get("pivots"))
        if sample is not None and (is_pivoted or not is_by_row(sample, self.dialect)):
            return None
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            if node.args.get("alias") or is_pivoted or sample is not None:
                return None
            return self.all(node.this, node.this.args.get("joins") or [])
        name = node.args["pivots"][0].alias if is_pivoted else node.alias_or_name
        source = self.scope.sources.get(name)
        if source is None or is_pivoted != isinstance(source, PivotSource):
            return None
        return Leaf(source, frozenset({(self.scope.number, source.alias)}))

    def views(self, tree: Tree, laterals: list[exp.Lateral]) -> Tree | None:
        """Spark's LATERAL VIEW: each row with every element of its list."""
        joined = tree
        for node in laterals:
            source = self.scope.sources.get(node.alias_or_name)
            if not isinstance(source, RowSource):
                return None
            if any(v for k, v in node.args.items() if k not in _VIEW_ARGS):
                return None
            kind = JoinKind.LEFT if node.args.get("outer") else JoinKind.INNER
            leaf = Leaf(source, frozenset({(self.scope.number, source.alias)}))
            owners = joined.owners | leaf.owners
            joined = Join(kind, joined, leaf, self._between_ends(leaf), node, owners)
        return joined

    def _between_ends(self, tree: Tree) -> Condition:
        """What every element of a series satisfies: it lies between its ends."""
        if not isinstance(tree, Leaf) or not isinstance(tree.source, RowSource):
            return Condition()
        alias = tree.source.node.args.get("alias")
        for name in [column.name for column in alias.args.get("columns") or ()] if alias else ():
            listed = listed_in(tree.source, name)
            ends = ends_of(listed, self.dialect) if listed is not None else None
            if ends is None or any(holds_marker(end) for end in ends):
                continue
            element = exp.column(
                exp.to_identifier(name, quoted=True),
                table=exp.to_identifier(tree.source.alias, quoted=True),
            )
            above = exp.GTE(this=element, expression=ends[0].copy())
            below = exp.LTE(this=element.copy(), expression=ends[1].copy())
            return self.reader.read([above, below], self.scope)
        return Condition()


def build_tree(scope: Scope, reader: ConditionReader, dialect: str) -> Tree | None:
    """The join tree of a SELECT; None if there is no FROM or anything in it has no rule."""
    from_ = scope.select.args.get("from_")
    if from_ is None or scope.is_opaque:
        return None
    joins, laterals = scope.select.args.get("joins") or [], scope.select.args.get("laterals")
    builder = _Builder(scope, reader, dialect)
    tree = builder.all(from_.this, joins)
    if tree is None or not laterals:
        return tree
    # Views come after all joins; some engines also take them in between, where these would differ.
    if any(_kind(node) not in (JoinKind.INNER, JoinKind.LEFT) for node in joins):
        return None
    return builder.views(tree, laterals)


def _kind(node: exp.Join) -> JoinKind | None:
    is_asof = (node.args.get("method") or "").upper() == "ASOF"
    if any(v for k, v in node.args.items() if k not in (_ASOF_ARGS if is_asof else _JOIN_ARGS)):
        return None
    if node.args.get("match_condition") is not None:
        # Snowflake keeps a row that finds no other.
        is_plain = not node.args.get("side") and not node.args.get("kind")
        return JoinKind.ASOF_LEFT if is_plain else None
    kinds = _ASOF_KINDS if is_asof else _KINDS
    return kinds.get(((node.args.get("side") or "").upper(), (node.args.get("kind") or "").upper()))


def _may_pivot_all(node: exp.Join) -> bool:
    """Whether a pivot behind the joined table could be one of the whole join (V: DuckDB, without ON)."""
    return bool(node.this.args.get("pivots")) and node.args.get("on") is None


def row_edges(tree: Tree) -> list[Edge]:
    """The edges of ON conditions that hold for every row that the whole tree gives."""
    return row_facts(tree, frozenset())[0]


def row_facts(tree: Tree, present: frozenset[Owner]) -> tuple[list[Edge], dict[Term, Range]]:
    """The edges and bounds of ON conditions that hold for every row of the tree in which the sources
    `present` are not extended with NULLs.
    """
    if isinstance(tree, Leaf):
        return [], {}
    kind = simplified(tree.kind, tree, present)
    match kind:
        case JoinKind.INNER | JoinKind.ASOF:
            sides, present = [tree.left, tree.right], present | tree.on.rejects
        case JoinKind.SEMI:
            sides, present = [tree.left], present | tree.on.rejects
        case JoinKind.LEFT | JoinKind.ANTI | JoinKind.ASOF_LEFT:
            sides = [tree.left]
        case JoinKind.RIGHT:
            sides = [tree.right]
        case JoinKind.FULL:
            sides = []
    holds = kind in (JoinKind.INNER, JoinKind.SEMI, JoinKind.ASOF)
    edges, bounds = (list(tree.on.edges), dict(tree.on.bounds)) if holds else ([], {})
    for side in sides:
        more, further = row_facts(side, frozenset(present & side.owners))
        edges, bounds = [*edges, *more], met(bounds, further)
    return edges, bounds


def simplified(kind: JoinKind, tree: Join, present: frozenset[Owner]) -> JoinKind:
    """What the join is for rows in which the sources `present` are not extended with NULLs."""
    left, right = present & tree.left.owners, present & tree.right.owners
    match kind:
        case JoinKind.LEFT if right:
            return JoinKind.INNER
        case JoinKind.ASOF_LEFT if right:
            return JoinKind.ASOF
        case JoinKind.RIGHT if left:
            return JoinKind.INNER
        case JoinKind.FULL if left or right:
            return JoinKind.INNER if left and right else JoinKind.LEFT if left else JoinKind.RIGHT
        case _:
            return kind
