"""Relations that an author declares between the columns of a table, as edges between their terms.

A declared condition holds for every row in which any of the columns that it names is not NULL. Whether that
is so is not asked here: `verify` can refute it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

from sqlbackfill.dataclass import dataclass
from sqlbackfill.query import sqlglot_log  # noqa: F401 - before sqlglot has anything to say
from sqlbackfill.query.chains import chains
from sqlbackfill.query.conditions import ConditionReader, conjuncts
from sqlbackfill.query.determinism import is_aggregate, is_clock, is_unknown_function, is_volatile
from sqlbackfill.query.edges import EdgeRules
from sqlbackfill.query.facts import DeclaredRelation, InputRef
from sqlbackfill.query.images import NOTHING, Image
from sqlbackfill.query.scopes import Scope, Scopes, column_types
from sqlbackfill.query.sources import TableSource
from sqlbackfill.query.terms import Edge, Term, Terms
from sqlbackfill.query.values import MARKERS, Constants

_MARKER: Final = "__sb_relation__"


class NoSuchRelation(Exception):  # noqa: N818
    """A declaration from which nothing follows: what is wrong, and what would be right."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def declare(scope: Scope, terms: Terms) -> None:
    """Adds the edges of every relation that is declared of a table which `scope` reads."""
    for source in scope.sources.values():
        if isinstance(source, TableSource) and source.ref is not None and source.types is not None:
            for relation in source.ref.relations:
                _declare(relation, source, scope, terms)


def check_relation(
    relation: DeclaredRelation, columns: Sequence[tuple[str, str]], session_zone: str = "UTC"
) -> None:
    """Raises NoSuchRelation where `relation` is not one of a table with these (name, type) columns."""
    condition = _condition(relation)
    known = column_types(tuple(columns), relation.dialect)
    for column in condition.find_all(exp.Column):
        if column.name not in known and column.name.lower() not in (n.lower() for n, _ in columns):
            near = get_close_matches(column.name.lower(), [n.lower() for n, _ in columns], n=1)
            listed = ", ".join(name for name, _ in columns)
            hint = f"did you mean `{near[0]}`?" if near else f"it has {listed}"
            raise NoSuchRelation(f"the table has no column `{column.name}`", hint)
    found = _Reading.of(relation, condition, tuple(columns), session_zone)
    if not found.edges:
        raise NoSuchRelation(
            "no column's range follows from another's",
            "compare a column with a cast, date_trunc, an interval or a time zone of another, "
            "as in `day = ts::date`",
        )


def contradiction(relation: DeclaredRelation, dialect: str) -> tuple[str, tuple[str, ...]]:
    """(SQL that is true of the rows that contradict `relation`, the columns that it names)."""
    condition = _condition(relation)
    names = dict.fromkeys(column.name for column in condition.find_all(exp.Column))
    any_value = exp.or_(
        *(
            exp.Not(this=exp.Is(this=exp.column(exp.to_identifier(name)), expression=exp.Null()))
            for name in names
        )
    )
    for column in condition.find_all(exp.Column):
        column.set("table", None)
    holds = condition.sql(dialect=dialect)
    if dialect == "duckdb":  # a row that cannot be read is one of which it is not so
        holds = f"TRY({holds})"
    return f"({holds}) IS NOT TRUE AND ({any_value.sql(dialect=dialect)})", tuple(names)


def _condition(relation: DeclaredRelation) -> exp.Expr:
    """The condition in the spelling of the tree; raises NoSuchRelation for what is none."""
    try:
        tree = sqlglot.parse_one(
            f"SELECT * FROM t WHERE {relation.holds}", dialect=relation.dialect
        )
    except (SqlglotError, RecursionError):
        raise NoSuchRelation(
            f"`{relation.holds}` does not parse as {relation.dialect}",
            "write a condition of SQL on the table's columns, as in `day = ts::date`",
        ) from None
    where = tree.args.get("where")
    parts = {key for key, value in tree.args.items() if value}
    if (
        not isinstance(tree, exp.Select)
        or where is None
        or parts - {"expressions", "from_", "where"}
    ):
        raise NoSuchRelation(
            f"`{relation.holds}` is more than a condition", "leave the condition alone"
        )
    condition: exp.Expr = normalize_identifiers(where.this, dialect=relation.dialect)
    for node in condition.walk():
        _refuse(node)
    if condition.find(exp.Column) is None:
        raise NoSuchRelation("it names no column", "compare two columns of the table")
    return condition


def _refuse(node: exp.Expr) -> None:
    if isinstance(node, (exp.Query, exp.Window)) or is_aggregate(node):
        raise NoSuchRelation("it looks at other rows", "compare columns of one row")
    if is_volatile(node) or is_clock(node) or is_unknown_function(node):
        raise NoSuchRelation(
            f"nothing shows that `{node.sql()}` is the same each time", "use columns and constants"
        )
    if isinstance(node, exp.Column) and (node.args.get("table") or node.name in MARKERS):
        raise NoSuchRelation(f"`{node.sql()}` is no column of the table", "write the name alone")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one declaration says where it stands: its edges, all edges that they meet, its columns."""

    terms: Terms
    edges: tuple[Edge, ...]
    columns: Mapping[Term, str]

    @staticmethod
    def of(
        relation: DeclaredRelation,
        condition: exp.Expr,
        columns: tuple[tuple[str, str], ...],
        session_zone: str,
    ) -> _Reading:
        """The reading over a query of this table alone, by the rules of the relation's dialect."""
        select = exp.select("*").from_(exp.to_table(_MARKER).as_("t"))
        scopes = Scopes({_MARKER: InputRef(relation="t", columns=columns)}, relation.dialect)
        terms = Terms(scopes, EdgeRules(session_zone, relation.dialect))
        scope = scopes.scope(select, {}, None)
        edges = _edges(condition, "t", scope, terms)
        names = {term: info.column for term, info in terms.info.items() if info.column is not None}
        return _Reading(terms, edges, names)

    def between_columns(self) -> Iterator[tuple[str, str, Image, bool]]:
        """(column x, column y, image of x in y, whether y then settles what x does)."""
        for start, name in self.columns.items():
            for term, image, settles in chains(start, self.terms, self.edges):
                if term in self.columns:
                    yield name, self.columns[term], image, settles


def _edges(condition: exp.Expr, alias: str, scope: Scope, terms: Terms) -> tuple[Edge, ...]:
    node = condition.copy()
    for column in list(node.find_all(exp.Column)):
        column.set("table", exp.to_identifier(alias))
    reader = ConditionReader(terms, Constants(terms.rules, None), with_author_bounds=False)
    return tuple(e for e in reader.read(conjuncts(node), scope).edges if e.x != e.y)


def _declare(relation: DeclaredRelation, source: TableSource, scope: Scope, terms: Terms) -> None:
    ref = source.ref
    if ref is None or ref.columns is None:
        return
    try:
        condition = _condition(relation)
    except NoSuchRelation:  # it is reported where the table's columns are known
        return
    if any(column.name not in (source.types or {}) for column in condition.find_all(exp.Column)):
        return
    zone = terms.rules.session_zone
    reading = _Reading.of(relation, condition, ref.columns, zone)
    owner = (scope.number, source.alias)
    for x, y, image, settles in reading.between_columns():
        # NULL in one of the columns means NULL in all, or the condition would not hold.
        edge = Edge(
            terms.raw_column(owner, x),
            terms.raw_column(owner, y),
            image,
            NOTHING,
            x_settles=False,
            y_settles=settles,
            keeps_nulls=True,
            nulls_only=relation.dialect == terms.rules.dialect,
        )
        _name(terms, source, scope, (x, y))
        terms.connect(edge)
        terms.related.add(scope.number)
    if relation.dialect == terms.rules.dialect:
        for edge in _edges(condition, source.alias, scope, terms):
            terms.connect(edge)
            terms.related.add(scope.number)


def _name(terms: Terms, source: TableSource, scope: Scope, columns: Sequence[str]) -> None:
    """Makes the terms of raw columns known."""
    for column in columns:
        terms.of(
            exp.column(exp.to_identifier(column), table=exp.to_identifier(source.alias)), scope
        )
