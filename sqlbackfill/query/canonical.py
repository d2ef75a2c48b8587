"""What a query means, block by block: which rows it has, and for each output column its value in them.

A block's `rows` and a column's text together name one function of the database, so that equal texts mean
equal values. Columns that nothing asks for are never looked at. No partitions, no hashes of a whole model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.query.blocks import Block, Unresolvable, only, short_hash
from sqlbackfill.query.canonical_sets import limited, set_operation
from sqlbackfill.query.canonical_sources import column_types, rows_block, table_block
from sqlbackfill.query.canonical_text import CanonicalText, Place
from sqlbackfill.query.chances import takes_chances
from sqlbackfill.query.rowwise import select_item
from sqlbackfill.query.scopes import Scope, Scopes
from sqlbackfill.query.sources import (
    CteSource,
    Env,
    QuerySource,
    RowSource,
    Source,
    TableSource,
)

_SELECT_PARTS: Final = frozenset(
    """
    expressions from_ joins laterals where group having qualify distinct order limit offset with_
    """.split()  # noqa: SIM905  a literal list is many times as long
)
_NO_COLUMNS: Final = "a single row"


@dataclass(slots=True, eq=False)
class _Frame:
    """The sources of one SELECT: the position and block of each alias."""

    scope: Scope
    blocks: dict[str, tuple[int, Block]] = field(default_factory=dict)


class Canonical(CanonicalText):
    """The blocks of one query. `used` collects the columns of tables that matter, by table.

    `tables` are all of the query's, if they have been looked for.
    """

    def __init__(
        self,
        scopes: Scopes,
        tree: exp.Query,
        dialect: str,
        tables: Sequence[exp.Table] | None = None,
    ) -> None:
        super().__init__(dialect)
        self.used: dict[str, set[str]] = {}
        self._scopes = scopes
        self._tree = tree
        self._tables = tables
        self._blocks: dict[int, Block] = {}
        self._frames: dict[int, _Frame] = {}
        self._shared: dict[int, int] = {}

    def query(self) -> Block:
        """The whole query. Raises Unresolvable."""
        return self._block(self._tree, {}, None)

    @cached_property
    def _order_shows(self) -> bool:
        """Whether the order in which rows come may show in the result."""
        return takes_chances(self._tree)

    # -- names ------------------------------------------------------------------------------------

    def column(self, node: exp.Expr, place: Place) -> str:
        if not isinstance(place, Scope) or type(node.this) is not exp.Identifier:
            raise Unresolvable
        table = node.args.get("table")
        if table is None:
            return self._bare(node, place)
        if node.args.get("db") is not None:
            raise Unresolvable
        level, scope = 0, place
        while table.name not in scope.sources:
            if scope.parent is None:
                raise Unresolvable
            level, scope = level + 1, scope.parent
        position, block = self._source(scope, table.name)
        return f"({level},{position},{block.column(node.name)})"

    def _bare(self, node: exp.Expr, scope: Scope) -> str:
        """A name that stands without a table: an output column, or the only table's.

        Where both have it, all that it could mean is printed.
        """
        name = node.name
        if name in scope.sources or scope.is_opaque:
            raise Unresolvable  # a whole row as one value
        items = [
            item
            for item in scope.select.expressions
            if item.alias_or_name == name and not _is_bare_column(item.unalias(), name)
        ]
        candidates = [
            self._source(scope, alias)[1].column(name)
            for alias, source in scope.sources.items()
            if self._may_have(source, scope, name)
        ]
        if not items:
            if scope.parent is not None or len(scope.sources) != 1 or len(candidates) != 1:
                raise Unresolvable
            return f"(0,0,{candidates[0]})"
        if len(items) > 1 or node.find_ancestor(exp.Where, exp.Join) is not None:
            raise Unresolvable
        shown = short_hash(self.text(items[0].unalias(), scope))
        return f"out({shown};{','.join([repr(name), *candidates] if candidates else [])})"

    def _may_have(self, source: Source, scope: Scope, name: str) -> bool:
        if isinstance(source, TableSource):
            known = column_types(source.ref, self._dialect)
            return known is None or name in known
        block = self._source(scope, source.alias)[1]
        return block.names is None or name in block.names

    def _source(self, scope: Scope, alias: str) -> tuple[int, Block]:
        """The position and block of one source of `scope`."""
        frame = self._frames.get(scope.number)
        if frame is None:
            frame = self._frames[scope.number] = _Frame(scope)
        known = frame.blocks.get(alias)
        if known is None:
            position = list(scope.sources).index(alias)
            known = (position, self._source_block(scope.sources[alias], scope))
            frame.blocks[alias] = known
        return known

    def _source_block(self, source: Source, scope: Scope) -> Block:
        match source:
            case TableSource():
                node = source.node
                if not isinstance(node.this, exp.Identifier):
                    only(node, {"this", "alias"})
                    return rows_block(f"table({self.text(node.this, scope)})", node)
                return table_block(node, source.ref, self._dialect, self.used)
            case QuerySource():
                if source.renames:
                    raise Unresolvable
                around = scope if source.is_lateral else scope.parent
                return self._block(source.query, source.env, around)
            case CteSource():
                return self._cte(source)
            case RowSource():
                return rows_block(self._made_rows(source.node, scope), source.node)
            case _:
                raise Unresolvable

    def _made_rows(self, node: exp.Expr, scope: Scope) -> str:
        """Rows that an expression makes; it may name the sources beside it."""
        parts = [
            f"{name}={self._value(value, scope)}"
            for name, value in node.args.items()
            if name != "alias" and value is not None and value != []
        ]
        return f"{node.key}({','.join(sorted(parts))})"

    def _cte(self, source: CteSource) -> Block:
        cte = source.cte
        only(source.node, {"this", "alias", "joins"})
        alias = source.node.args.get("alias")
        if cte.is_recursive or cte.renames or (alias is not None and alias.args.get("columns")):
            raise Unresolvable
        block = self._block(cte.query, cte.visible, None)
        if self._references.get(cte.name, 2) < 2 or not self._order_shows:
            return block
        # Where a choice is made once and read twice, the two readers see the same rows.
        number = self._shared.setdefault(id(cte.query), len(self._shared))
        return Block(f"shared({number},{block.rows})", block.names, block.column_at)

    @cached_property
    def _references(self) -> dict[str, int]:
        """How often a table is named, by name."""
        tables = self._tree.find_all(exp.Table) if self._tables is None else self._tables
        return Counter(table.name for table in tables)

    # -- queries ----------------------------------------------------------------------------------

    def subquery(self, node: exp.Expr, place: Place) -> str:
        block = self._nested(node, place)
        return f"query({block.rows};{','.join(block.columns())})"

    def exists(self, node: exp.Expr, place: Place) -> str:
        return f"exists({self._nested(node.this, place).rows})"

    def _nested(self, node: exp.Expr, place: Place) -> Block:
        if not isinstance(place, Scope):
            raise Unresolvable
        return self._block(node, place.env, place)

    def _block(self, query: exp.Expr, env: Env, parent: Scope | None) -> Block:
        known = self._blocks.get(id(query))
        if known is None:
            known = self._blocks[id(query)] = self._new_block(query, env, parent)
        return known

    def _new_block(self, query: exp.Expr, env: Env, parent: Scope | None) -> Block:
        if isinstance(query, exp.Subquery):
            only(query, {"this", "alias", "with_", "order"})
            if query.args.get("order") is not None and self._order_shows:
                raise Unresolvable
            return self._block(query.this, self._scopes.enter(query, env)[0], parent)
        if isinstance(query, exp.SetOperation):
            visible, _ = self._scopes.enter(query, env)
            block = set_operation(
                query,
                lambda arm: self._block(arm, visible, parent),
                order_shows=self._order_shows,
            )
            cuts = [self.text(limit, None) for limit in _limits(query)]
            if not cuts and (not self._order_shows or query is self._tree):
                return block
            return limited(query, block, cuts) if cuts or query.args.get("order") else block
        if isinstance(query, exp.Select):
            visible, _ = self._scopes.enter(query, env)
            return self._select(self._scopes.scope(query, visible, parent))
        raise Unresolvable

    def _select(self, scope: Scope) -> Block:
        select = scope.select
        items = select.expressions
        if scope.is_opaque or any(item.is_star for item in items):
            raise Unresolvable
        names = tuple(item.alias_or_name for item in items)
        expressions = [item.unalias() for item in items]
        parts = list(self._parts(scope, expressions))
        is_bare = not parts and len(scope.sources) == 1
        (source,) = scope.sources.values() if is_bare else (None,)
        if isinstance(source, QuerySource) and source.is_lateral:
            is_bare = False

        def column(position: int) -> str:
            node = expressions[position]
            if is_bare and type(node) is exp.Column:
                table = node.args.get("table")
                if table is not None and table.name in scope.sources and not node.args.get("db"):
                    return self._source(scope, table.name)[1].column(node.name)
            return short_hash(self.text(node, scope))

        if is_bare:
            (alias,) = scope.sources
            self._joined(scope)
            return Block(self._source(scope, alias)[1].rows, names, column)
        if "distinct" in parts:
            parts += sorted(column(i) for i in range(len(items)))
        if "positions" in parts:
            parts += [column(i) for i in range(len(items))]
        rows = short_hash("\n".join((self._joined(scope), *parts)))
        return Block(rows, names, column)

    def _parts(self, scope: Scope, expressions: Sequence[exp.Expr]) -> Iterator[str]:
        """What of a SELECT besides its FROM decides which rows there are, and in which order."""
        select = scope.select
        args = select.args
        folds = False
        for node in expressions:
            if type(node) is exp.Column:
                continue
            is_rowwise, item_folds = select_item(node)
            folds = folds or item_folds
            if not is_rowwise:
                yield f"item {self.text(node, scope)}"
        if (where := args.get("where")) is not None and (
            found := self.conjuncts(where.this, scope)
        ):
            yield f"where {found}"
        if (group := args.get("group")) is not None:
            yield from self._group(group, scope)
        elif folds or args.get("having") is not None:
            yield "one group"
        for part in ("having", "qualify"):
            if (condition := args.get(part)) is not None:
                yield f"{part} {self.conjuncts(condition.this, scope)}"
        yield from self._distinct(args.get("distinct"), scope)
        yield from self._limit(select, scope)
        for name, value in args.items():
            if name not in _SELECT_PARTS and value not in (None, [], False):
                yield f"{name} {self._value(value, scope)}"

    def _group(self, group: exp.Expr, scope: Scope) -> Iterator[str]:
        keys = {self.text(key, scope) for key in group.expressions}
        rest = {
            n: v for n, v in group.args.items() if n != "expressions" and v not in (None, [], False)
        }
        yield f"group {sorted(keys)} {sorted((n, self._value(v, scope)) for n, v in rest.items())}"
        if rest.get("all") or any(_is_number(key) for key in group.expressions):
            yield "positions"

    def _distinct(self, distinct: exp.Expr | None, scope: Scope) -> Iterator[str]:
        if distinct is None:
            return
        on = distinct.args.get("on")
        if on is None:
            yield "distinct"
        else:
            yield f"distinct on {self.text(on, scope)}"

    def _limit(self, query: exp.Expr, scope: Scope) -> Iterator[str]:
        """LIMIT, and ORDER BY where the order can show."""
        args = query.args
        limits = _limits(query)
        distinct = args.get("distinct")
        chooses = bool(limits) or (
            isinstance(distinct, exp.Distinct) and bool(distinct.args.get("on"))
        )
        order = args.get("order")
        if order is not None and (chooses or (query is not self._tree and self._order_shows)):
            if any(_is_position(one) for one in order.expressions):
                yield "positions"
            yield f"order {[self.text(one, scope) for one in order.expressions]}"
        for limit in limits:
            yield f"limit {self.text(limit, scope)}"

    # -- FROM -------------------------------------------------------------------------------------

    def _joined(self, scope: Scope) -> str:
        """The sources of `scope` and how they are joined."""
        from_ = scope.select.args.get("from_")
        if from_ is None:
            if scope.select.args.get("joins") or scope.select.args.get("laterals"):
                raise Unresolvable
            return _NO_COLUMNS
        parts = [self._item(from_.this, scope)]
        parts += [self._join(join, scope) for join in scope.select.args.get("joins") or ()]
        parts += [
            f"lateral {self._item(one, scope)}" for one in scope.select.args.get("laterals") or ()
        ]
        return "\n".join(parts)

    def _item(self, node: exp.Expr, scope: Scope, *, is_inner: bool = False) -> str:
        if isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Query):
            only(node, {"this"})
            joins = [self._join(join, scope) for join in node.this.args.get("joins") or ()]
            return f"[{self._item(node.this, scope, is_inner=True)} {' '.join(joins)}]"
        source = scope.sources.get(node.alias_or_name)
        if source is None or (node.args.get("joins") and not is_inner):
            raise Unresolvable
        if isinstance(node, exp.Subquery):
            only(node, {"this", "alias", "with_"})
        if isinstance(node, exp.Lateral) and isinstance(source, QuerySource):
            only(node, {"this", "alias"})
        position, block = self._source(scope, node.alias_or_name)
        return f"{position}:{block.rows}"

    def _join(self, join: exp.Expr, scope: Scope) -> str:
        only(join, {"this", "side", "kind", "method", "on"})
        args = join.args
        side, kind, method = ((args.get(n) or "").upper() for n in ("side", "kind", "method"))
        on = args.get("on")
        conditions = [] if on is None else self.conjuncts(on, scope)
        if kind == "INNER" or (kind == "OUTER" and side):
            kind = ""
        if not (side or method or conditions) and kind in ("", "CROSS"):
            kind = "CROSS"
        return f"{method} {side} {kind} join {self._item(join.this, scope)} {conditions}"


def _is_bare_column(node: exp.Expr, name: str) -> bool:
    return type(node) is exp.Column and node.args.get("table") is None and node.name == name


def _limits(query: exp.Expr) -> list[exp.Expr]:
    return [query.args[part] for part in ("limit", "offset") if query.args.get(part) is not None]


def _is_number(node: exp.Expr) -> bool:
    return type(node) is exp.Literal and not node.args.get("is_string")


def _is_position(ordered: exp.Expr) -> bool:
    """Whether ORDER BY names output columns by their place: `2`, `ALL`."""
    key = ordered.this if type(ordered) is exp.Ordered else ordered
    return _is_number(key) or type(key) in (exp.Var, exp.Star)
