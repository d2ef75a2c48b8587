"""Which query blocks there are, what they read from and what their columns are. No bounds.

Names are resolved here and not by sqlglot's Scope, because the sources of semi joins, nested joins
and correlated subqueries must all be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.query.facts import InputRef
from sqlbackfill.query.inference import kind_of
from sqlbackfill.query.kinds import Kind, joint, kind_of_type, rounds
from sqlbackfill.query.pivots import passed_on, pivot_of
from sqlbackfill.query.row_sources import (
    element_kind,
    exploded,
    is_row_function,
    kind_of_elements,
    kind_of_list_type,
)
from sqlbackfill.query.shown import Shown
from sqlbackfill.query.sources import (
    Cte,
    CteSource,
    Env,
    PivotSource,
    QuerySource,
    RowSource,
    Source,
    TableSource,
    has_column_aliases,
)


@dataclass(slots=True, eq=False)
class Scope:
    """One SELECT. `sources` is complete unless `is_opaque`; `number` tells scopes apart."""

    number: int
    select: exp.Select
    env: Env
    parent: Scope | None
    sources: dict[str, Source] = field(default_factory=dict)
    is_opaque: bool = False
    _shown: Shown | None = None

    @property
    def shown(self) -> Shown:
        """What the SELECT shows."""
        if self._shown is None:
            self._shown = Shown.of(self.select)
        return self._shown

    def find(self, alias: str) -> tuple[Scope, Source] | None:
        """The source that `alias` names here, in this scope or one around it."""
        scope: Scope | None = self
        while scope is not None:
            if alias in scope.sources:
                return scope, scope.sources[alias]
            scope = scope.parent
        return None


def resolve(column: exp.Expr, scope: Scope) -> tuple[Scope, Source] | None:
    """The source that a column comes from, None where that is not certain.

    A bare name that sqlglot left bare belongs to the only source there is, if that one's columns are
    not known, nothing around could have it, and the SELECT shows no other thing under that name.
    """
    table = column.args.get("table")
    if table is not None:
        return scope.find(table.name)
    if scope.parent is not None or scope.is_opaque or len(scope.sources) != 1:
        return None
    (source,) = scope.sources.values()
    if not isinstance(source, TableSource):
        return None
    if source.types is not None and not _is_bare_pseudo_column(column, source):
        return None
    for node in scope.select.expressions:
        shown = node.unalias()
        if node.alias_or_name == column.name and (
            not isinstance(shown, exp.Column) or shown.name != column.name
        ):
            return None
    return scope, source


def _is_bare_pseudo_column(column: exp.Expr, source: TableSource) -> bool:
    """Whether it is a column such as BigQuery's `_PARTITIONDATE`, which sqlglot never qualifies."""
    known = source.types is not None and column.name in source.types
    return known and isinstance(column, exp.Pseudocolumn)


class Scopes:
    """Makes the scopes of one query and remembers them. `inputs` are the occurrences by marker."""

    def __init__(self, inputs: Mapping[str, InputRef], dialect: str) -> None:
        self._inputs = inputs
        self._dialect = dialect
        self._scopes: dict[int, Scope] = {}
        self._envs: dict[int, tuple[Env, tuple[Cte, ...]]] = {}
        self._kinds: dict[tuple[int, str], Kind] = {}
        self._types: dict[str, Mapping[str, exp.DataType] | None] = {}

    @property
    def dialect(self) -> str:
        return self._dialect

    def enter(self, query: exp.Query, env: Env) -> tuple[Env, tuple[Cte, ...]]:
        """What names `query`'s body sees, and the CTEs that it defines, in order."""
        known = self._envs.get(id(query))
        if known is not None:
            return known
        with_ = query.args.get("with_")
        visible, own = dict(env), []
        for node in with_.expressions if with_ is not None else ():
            seen = dict(visible)
            cte = Cte(
                name=node.alias,
                query=node.this,
                visible=seen,
                is_recursive=bool(with_ is not None and with_.args.get("recursive")),
                renames=_renames_columns(node),
            )
            if cte.is_recursive and names_table(cte.query, cte.name):
                seen[cte.name] = cte
            own.append(cte)
            visible[cte.name] = cte
        result = (visible, tuple(own))
        self._envs[id(query)] = result
        return result

    def scope(self, select: exp.Select, env: Env, parent: Scope | None) -> Scope:
        """The scope of `select`, whose body sees `env`."""
        known = self._scopes.get(id(select))
        if known is not None:
            return known
        scope = Scope(len(self._scopes), select, env, parent)
        self._scopes[id(select)] = scope
        from_ = select.args.get("from_")
        nodes = [from_.this] if from_ is not None else []
        nodes += [join.this for join in select.args.get("joins") or ()]
        nodes += select.args.get("laterals") or []
        for node in nodes:
            self._add(node, scope)
        return scope

    def kind(self, node: exp.Expr, scope: Scope) -> Kind:
        """The kind of an expression that stands in `scope`."""
        listed = exploded(node)
        if listed is not None:
            return self._elements(listed, scope)
        return kind_of(node, lambda column: self._column_kind(column, scope), self._dialect)

    def output_kind(self, query: exp.Expr, name: str, env: Env, parent: Scope | None) -> Kind:
        """The kind of output column `name` of a query block."""
        key = (id(query), name)
        if key not in self._kinds:
            self._kinds[key] = None  # a recursive reference finds this
            self._kinds[key] = self._output_kind(query, name, env, parent)
        return self._kinds[key]

    def column_type(self, source: TableSource, name: str) -> exp.DataType | None:
        return source.types.get(name) if source.types is not None else None

    def _output_kind(self, query: exp.Expr, name: str, env: Env, parent: Scope | None) -> Kind:
        if isinstance(query, exp.Subquery):
            return self._output_kind(query.this, name, self.enter(query, env)[0], parent)
        if isinstance(query, exp.SetOperation):
            inner, _ = self.enter(query, env)
            names = arm_names(query, name)
            if names is None:
                return None
            arms = [(arm, n) for arm, n in zip((query.this, query.expression), names, strict=True)]
            if self.is_handed_on(query, name, inner, parent):
                arms = arms[:1]
            return joint(
                [self.output_kind(arm, n, inner, parent) if n else None for arm, n in arms]
            )
        if not isinstance(query, exp.Select):
            return None
        inner, _ = self.enter(query, env)
        scope = self.scope(query, inner, parent)
        expression = projection(scope, name)
        return self.kind(expression, scope) if expression is not None else None

    def is_handed_on(
        self, union: exp.SetOperation, name: str, env: Env, parent: Scope | None
    ) -> bool:
        """Whether `union` is recursive and each step shows column `name` as it finds it."""
        names = arm_names(union, name)
        step = union.expression
        if names is None or names[1] is None or union.args.get("by_name"):
            return False
        if not isinstance(step, exp.Select):
            return False
        inner, _ = self.enter(step, env)
        scope = self.scope(step, inner, parent)
        shown = projection(scope, names[1])
        shown = shown.unalias() if shown is not None else None
        found = resolve(shown, scope) if isinstance(shown, exp.Column) else None
        if shown is None or found is None or found[0] is not scope:
            return False
        source = found[1]
        return isinstance(source, CteSource) and source.cte.query is union and shown.name == name

    def _elements(self, listed: exp.Expr, scope: Scope) -> Kind:
        """The kind of a list's elements."""
        found = resolve(listed, scope) if isinstance(listed, exp.Column) else None
        if found is None:
            return kind_of_elements(listed, lambda node: self.kind(node, scope), self._dialect)
        source = found[1]
        if not isinstance(source, TableSource):
            return None
        return kind_of_list_type(self.column_type(source, listed.name), self._dialect)

    def _column_kind(self, column: exp.Expr, scope: Scope) -> Kind:
        found = resolve(column, scope)
        return None if found is None else self._kind_in(found[1], column.name, found[0])

    def _kind_in(self, source: Source, name: str, owner: Scope) -> Kind:
        match source:
            case TableSource():
                return kind_of_type(self.column_type(source, name), self._dialect)
            case QuerySource(renames=False):
                around = owner if source.is_lateral else owner.parent
                return self.output_kind(source.query, name, source.env, around)
            case CteSource(cte=Cte(renames=False) as cte) if not has_column_aliases(source.node):
                return self.output_kind(cte.query, name, cte.visible, None)
            case PivotSource(keys=keys) if name in keys:
                return self._kind_in(source.inner, keys[name], owner)
            case RowSource():
                return element_kind(source, name, lambda listed: self._elements(listed, owner))
            case _:
                return None

    def _add(self, node: exp.Expr, scope: Scope) -> None:
        source = self._source(node, scope)
        if source is None and isinstance(node, exp.Subquery) and not node.args.get("pivots"):
            self._add(node.this, scope)
            for join in node.this.args.get("joins") or ():
                self._add(join.this, scope)
            return
        if source is None or not source.alias or source.alias in scope.sources:
            scope.is_opaque = True
            return
        scope.sources[source.alias] = source

    def _source(self, node: exp.Expr, scope: Scope) -> Source | None:
        if not node.args.get("pivots"):
            return self._plain_source(node, scope)
        pivot, inner = pivot_of(node), self._plain_source(node, scope)
        if pivot is None or not isinstance(inner, (TableSource, QuerySource, CteSource)):
            return None
        names = self._column_names(inner)
        keys = passed_on(pivot, names) if names is not None else None
        if keys is not None and isinstance(inner, TableSource):
            # What is compared with such a column is its rounded value, for which there is no term here.
            keys = {n: c for n, c in keys.items() if not rounds(self.column_type(inner, c))}
        return None if keys is None else PivotSource(pivot.alias, inner, keys, pivot)

    def _column_names(self, source: TableSource | QuerySource | CteSource) -> list[str] | None:
        """All columns of a source in order, None where they are not known."""
        match source:
            case TableSource(ref=ref, types=types):
                if ref is None or ref.columns is None or types is None:
                    return None
                return [folded(name, self._dialect) for name, _ in ref.columns]
            case QuerySource():
                return None if source.renames else output_names(source.query)
            case CteSource(cte=cte):
                is_renamed = cte.renames or has_column_aliases(source.node)
                return None if is_renamed else output_names(cte.query)

    def _plain_source(self, node: exp.Expr, scope: Scope) -> Source | None:
        alias = node.alias_or_name
        renames = has_column_aliases(node)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            env, _ = self.enter(node, scope.env)
            return QuerySource(alias, node.this, env, is_lateral=False, renames=renames)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            if not isinstance(node.this.this, exp.Query):
                return RowSource(alias, node)
            return QuerySource(alias, node.this.this, scope.env, is_lateral=True, renames=renames)
        if isinstance(node, (exp.Lateral, exp.Unnest, exp.Values)) or is_row_function(node):
            return RowSource(alias, node)
        if not isinstance(node, exp.Table):
            return None
        if not isinstance(node.this, exp.Identifier):
            return TableSource(alias, node, None, None, None) if alias else None
        return self._table(node, alias, scope)

    def _table(self, node: exp.Table, alias: str, scope: Scope) -> Source:
        name = node.name
        if name in self._inputs:
            types = None if has_column_aliases(node) else self._input_types(name)
            return TableSource(alias, node, name, self._inputs[name], types)
        if not node.args.get("db") and name in scope.env:
            return CteSource(alias, scope.env[name], node)
        return TableSource(alias, node, None, None, None)

    def _input_types(self, marker: str) -> Mapping[str, exp.DataType] | None:
        if marker not in self._types:
            columns = self._inputs[marker].columns
            self._types[marker] = None if columns is None else column_types(columns, self._dialect)
        return self._types[marker]


@lru_cache(maxsize=4096)
def column_types(columns: tuple[tuple[str, str], ...], dialect: str) -> Mapping[str, exp.DataType]:
    """Types by normalised name; columns whose type cannot be read are left out."""
    known = {folded(name, dialect): data_type(text, dialect) for name, text in columns}
    return MappingProxyType({name: type_ for name, type_ in known.items() if type_ is not None})


@lru_cache(maxsize=4096)
def data_type(text: str, dialect: str) -> exp.DataType | None:
    """The type that `text` spells, shared between callers; None where it cannot be read.

    None too for text under a collation, by which texts are equal that are not the same: no rule holds.
    """
    from sqlglot.errors import ParseError

    if " collate" in text.lower():
        return None
    try:
        return exp.DataType.build(text, dialect=dialect)
    except (ParseError, ValueError):
        return None


@lru_cache(maxsize=65536)
def folded(name: str, dialect: str) -> str:
    """`name` as the dialect spells it where it is not quoted, which is how the tree holds it."""
    from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

    return normalize_identifiers(exp.to_identifier(name), dialect=dialect).name


def projection(scope: Scope, name: str) -> exp.Expr | None:
    """The expression that output column `name` of a SELECT shows; None where it is not certain."""
    shown = scope.shown
    stars = shown.stars
    if not stars:
        return shown.by_name.get(name)
    if name in shown.by_name or len(stars) > 1 or len(scope.sources) != 1 or scope.is_opaque:
        return None
    star = stars[0] if isinstance(stars[0], exp.Star) else stars[0].this
    if any(value for value in star.args.values()):
        return None
    (alias,) = scope.sources
    return exp.column(
        exp.to_identifier(name, quoted=True), table=exp.to_identifier(alias, quoted=True)
    )


def output_names(query: exp.Expr) -> list[str] | None:
    """The names of the output columns in order, None where a `*` hides them."""
    while isinstance(query, (exp.Subquery, exp.SetOperation)):
        if isinstance(query, exp.SetOperation) and query.args.get("by_name"):
            return None
        query = query.this
    if not isinstance(query, exp.Select) or any(node.is_star for node in query.expressions):
        return None
    return [node.alias_or_name for node in query.expressions]


def arm_names(union: exp.SetOperation, name: str) -> tuple[str | None, str | None] | None:
    """What the two arms call output column `name`; None where that is not certain."""
    left, right = output_names(union.this), output_names(union.expression)
    if union.args.get("by_name"):
        return (
            name if left is None or name in left else None,
            name if right is None or name in right else None,
        )
    if left is None or right is None or left.count(name) != 1:
        return None
    position = left.index(name)
    if position >= len(right) or right.count(right[position]) != 1:
        return None
    return name, right[position]


def names_table(query: exp.Expr, name: str) -> bool:
    """Whether a table anywhere in `query` is called `name`."""
    return any(table.name == name for table in query.find_all(exp.Table))


def _renames_columns(cte: exp.Expr) -> bool:
    """Whether the list of columns of a CTE gives other names than its query shows."""
    listed = [column.name for column in cte.args["alias"].args.get("columns") or ()]
    return bool(listed) and listed != output_names(cte.this)
