"""Output columns with their types, and the input columns that each is computed from."""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp

from sqlbackfill.query.facts import OutputColumn
from sqlbackfill.query.pivots import columns_of
from sqlbackfill.query.scopes import Scope, Scopes, arm_names, output_names, projection, resolve
from sqlbackfill.query.sources import (
    Cte,
    CteSource,
    Env,
    PivotSource,
    QuerySource,
    RowSource,
    Source,
    TableSource,
)

Sources = frozenset[tuple[str, str]]


class Lineage:
    """Follows columns through query blocks; results are kept, so each block is walked once."""

    def __init__(self, scopes: Scopes, opened: frozenset[int] = frozenset()) -> None:
        self._scopes = scopes
        self._open = opened
        self._known: dict[tuple[int, str], Sources] = {}
        self._selects: dict[int, Scope] = {}

    def columns(self, query: exp.Query, dialect: str) -> tuple[tuple[OutputColumn, ...], bool]:
        """The output columns in order, and whether these are all."""
        items = query.selects
        shown = [node for node in items if not node.is_star]
        env: Env = {}
        texts: dict[int, str | None] = {}  # most columns share a few types
        columns = []
        for node in shown:
            name, type_ = node.alias_or_name, node.type
            if id(type_) not in texts:
                texts[id(type_)] = _type_text(type_, dialect)
            sources = self.sources(query, name, env, None)
            columns.append(
                OutputColumn(
                    name=name,
                    type=texts[id(type_)],
                    sources=tuple(sorted(sources) if len(sources) > 1 else sources),
                )
            )
        return tuple(columns), bool(items) and len(shown) == len(items)

    def sources(self, query: exp.Expr, name: str, env: Env, parent: Scope | None) -> Sources:
        """The (relation, column) pairs that output column `name` of a query block is computed from."""
        key = (id(query), name)
        found = self._known.get(key)
        if found is None:
            self._known[key] = frozenset()
            scope = self._selects.get(id(query))
            if scope is None:
                found = self._sources(query, name, env, parent)
            else:
                found = self._shown(scope, name)
            self._known[key] = found
        return found

    def _sources(self, query: exp.Expr, name: str, env: Env, parent: Scope | None) -> Sources:
        inner = self._scopes.enter(query, env)[0] if isinstance(query, exp.Query) else env
        if isinstance(query, exp.Subquery):
            return self.sources(query.this, name, inner, parent)
        if isinstance(query, exp.SetOperation):
            names = arm_names(query, name) or (None, None)
            arms = zip((query.this, query.expression), names, strict=True)
            found = [self.sources(arm, n, inner, parent) for arm, n in arms if n]
            return frozenset().union(*found)
        if not isinstance(query, exp.Select):
            return frozenset()
        scope = self._selects[id(query)] = self._scopes.scope(query, inner, parent)
        return self._shown(scope, name)

    def _shown(self, scope: Scope, name: str) -> Sources:
        node = projection(scope, name)
        return frozenset() if node is None else self._expression(node, scope)

    def _expression(self, node: exp.Expr, scope: Scope) -> Sources:
        """What the value of `node` comes from, the results of queries inside it included."""
        if type(node) is exp.Alias:
            node = node.this
        if type(node) is exp.Column:
            return self._column(node, scope)
        found: Sources = frozenset()
        pending = [node]
        while pending:
            current = pending.pop()
            if isinstance(current, exp.Query):
                names = [selected.alias_or_name for selected in current.selects]
                nested = (self.sources(current, name, scope.env, scope) for name in names)
                found = found.union(*nested)
            elif isinstance(current, exp.Column):
                found |= self._column(current, scope)
            else:
                pending += current.iter_expressions()
        return found

    def _column(self, column: exp.Expr, scope: Scope) -> Sources:
        table = column.args.get("table")
        source = None if table is None else scope.sources.get(table.name)
        if source is not None:
            return self._in_source(source, column.name, scope)
        found = resolve(column, scope)
        if found is None:
            return frozenset()
        return self._in_source(found[1], column.name, found[0])

    def _in_source(self, source: Source, name: str, owner: Scope) -> Sources:
        match source:
            case TableSource(ref=ref):
                relation = ref.relation if ref is not None else source.node.name
                return frozenset({(relation, name)})
            case QuerySource():
                around = owner if source.is_lateral else owner.parent
                return self.sources(source.query, name, source.env, around)
            case CteSource(cte=cte) if cte.visible.get(cte.name) is cte:
                return self._recursive(cte)
            case CteSource(cte=cte):
                return self.sources(cte.query, name, cte.visible, None)
            case PivotSource(keys=keys, inner=inner):
                names = [keys[name]] if name in keys else sorted(columns_of(source.node))
                return frozenset().union(*(self._in_source(inner, n, owner) for n in names))
            case RowSource():
                return self._rows(source, owner)

    def _rows(self, source: RowSource, owner: Scope) -> Sources:
        """What a list or a function is made of."""
        key = (id(source), "")
        if key not in self._known:
            self._known[key] = frozenset()
            self._known[key] = self._expression(source.made_of, owner)
        return self._known[key]

    def _recursive(self, cte: Cte) -> Sources:
        """What any column of a recursive CTE comes from: a step may make each of every other."""
        if id(cte) in self._open:
            return frozenset()
        inner = Lineage(self._scopes, self._open | {id(cte)})
        names = output_names(cte.query) or []
        found = (inner.sources(cte.query, name, cte.visible, None) for name in names)
        return frozenset().union(*found)


def _type_text(type_: exp.DataType | None, dialect: str) -> str | None:
    if type_ is None or type_.this in (exp.DataType.Type.UNKNOWN, exp.DataType.Type.NULL):
        return None
    if any(value for key, value in type_.args.items() if key != "this"):
        return type_.sql(dialect)
    return _plain_type_text(type_.this, dialect)


@lru_cache(maxsize=1024)
def _plain_type_text(kind: object, dialect: str) -> str:
    return exp.DataType(this=kind, nested=False).sql(dialect)
