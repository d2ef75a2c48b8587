"""From the text of an analysis render to a qualified syntax tree, with errors at the user's own lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, DialectType
from sqlglot.errors import OptimizeError, ParseError, SqlglotError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, ProjectError, Severity, SourceSpan
from sqlbackfill.query import sqlglot_log  # noqa: F401 - before sqlglot has anything to say
from sqlbackfill.query.column_aliases import without_column_aliases
from sqlbackfill.query.facts import AnalysisRequest, HardCodedTable, InputRef
from sqlbackfill.query.null_order import mark_written_nulls
from sqlbackfill.query.plain_names import resolve_plainly
from sqlbackfill.query.scopes import data_type, folded
from sqlbackfill.query.shown import classes_in
from sqlbackfill.query.values import MARKERS, may_hold_marker

_MERGING_JOIN: Final = re.compile(r"\b(using|natural)\b", re.IGNORECASE)
_READ_NOTHING: Final = frozenset({"range", "generate_series", "repeat", "repeat_row", "unnest"})
_OCCURRENCE: Final = re.compile("__sb_occurrence_", re.IGNORECASE)


@dataclass(slots=True)
class ParsedQuery:
    """A query ready for analysis.

    `aliases` names, by marker, the occurrences that the author gave no alias. `unwrappable` holds
    markers of relations that columns name in full, so that no subquery may take their place.
    `is_qualified` is False where names could not be resolved: then nothing may be concluded. `classes`
    and `tables` are those of the tree where they are known, `spellings` how it has names of its columns.
    """

    tree: exp.Query
    is_qualified: bool
    aliases: dict[str, str] = field(default_factory=dict)
    unwrappable: set[str] = field(default_factory=set)
    hard_coded: tuple[HardCodedTable, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    classes: frozenset[type[exp.Expr]] | None = None
    tables: list[exp.Table] | None = None
    spellings: dict[str, str | None] = field(default_factory=dict)

    def may_hold(self, kinds: tuple[type[exp.Expr], ...]) -> bool:
        """Whether a node of one of these classes may be anywhere in the tree, which is not changed any more."""
        if self.classes is None:
            self.classes = classes_in(self.tree)
        return any(issubclass(kind, kinds) for kind in self.classes)


class Places:
    """Where nodes of the tree stand in the user's own file."""

    def __init__(self, request: AnalysisRequest) -> None:
        self._locate = request.locate

    def at(self, line: int, column: int) -> SourceSpan | None:
        """The place of a 1-based position of the rendered SQL."""
        return self._locate(max(line, 1), max(column, 1)) if self._locate is not None else None

    def of(self, node: exp.Expr) -> SourceSpan | None:
        """The place where `node` begins, as far as its tokens tell."""
        position = _position(node)
        if position is None and node.parent is not None:
            position = _position(node.parent)
        return self.at(*position) if position is not None else None


def _position(node: exp.Expr) -> tuple[int, int] | None:
    own = _start(node)
    if own is not None:
        return own
    starts = [start for inner in node.walk() if (start := _start(inner)) is not None]
    return min(starts) if starts else None


def _start(node: exp.Expr) -> tuple[int, int] | None:
    meta = node.meta
    if "line" not in meta:
        return None
    return meta["line"], meta["col"] - (meta["end"] - meta["start"])


def parse_query(request: AnalysisRequest, places: Places) -> ParsedQuery:
    """The query of `request`, qualified and typed.

    Raises ProjectError: SQL_SYNTAX with every error found, SQL_NOT_ONE_QUERY, SQL_NOT_A_QUERY.
    """
    tree = _one_query(_statements(request, places), request, places)
    parsed = ParsedQuery(tree, is_qualified=False)
    _prepare(parsed, request)
    failure = _resolve(parsed, request, places)
    if failure is not None:
        parsed.tree = _one_query(_statements(request, places), request, places)
        _prepare(parsed, request)
        _name_occurrences(parsed, request, list(parsed.tree.find_all(exp.Table)))
        parsed.warnings = (failure,)
    return parsed


def one_query(request: AnalysisRequest, places: Places) -> exp.Query:
    """The syntax tree of `request.sql` as it was written. Raises what `parse_query` raises."""
    return _one_query(_statements(request, places), request, places)


def _prepare(parsed: ParsedQuery, request: AnalysisRequest) -> None:
    if may_hold_marker(request.sql):
        _print_bounds_as_text(parsed.tree)
    if _MERGING_JOIN.search(request.sql):
        _guard_outer_using(parsed.tree)
    mark_written_nulls(parsed.tree, request.sql, request.dialect)


def _statements(request: AnalysisRequest, places: Places) -> list[exp.Expr]:
    try:
        parsed = sqlglot.parse(request.sql, dialect=_dialect(request.dialect))
    except ParseError as error:
        raise ProjectError.of(_syntax_errors(error, request, places)) from None
    except TokenError as error:
        message = str(error).splitlines()[0]
        raise ProjectError(
            Diagnostic(
                code="SQL_SYNTAX",
                message=f"the SQL cannot be read: {message[:1].lower()}{message[1:]}",
                span=places.at(1, 1),
                model=request.model,
            )
        ) from None
    # A comment behind the last semicolon comes as a statement of its own.
    return [s for s in parsed if s is not None and not isinstance(s, exp.Semicolon)]


@lru_cache(maxsize=64)
def _dialect(name: str) -> Dialect:
    return Dialect.get_or_raise(name)


def _syntax_errors(error: ParseError, request: AnalysisRequest, places: Places) -> list[Diagnostic]:
    found = []
    for one in error.errors:
        word = one.get("highlight") or ""
        line, column = one.get("line") or 1, (one.get("col") or 1) - max(len(word) - 1, 0)
        what = (
            (one.get("description") or "invalid expression").split(" but got <Token")[0].rstrip(".")
        )
        near = f" near `{word}`" if word.strip() else ""
        found.append(
            Diagnostic(
                code="SQL_SYNTAX",
                message=f"the SQL does not parse as {request.dialect}: {what[:1].lower()}{what[1:]}{near}",
                span=places.at(line, column),
                fix="correct the SQL, or set `dialect` if it is written for another engine",
                model=request.model,
            )
        )
    return found


def _one_query(statements: list[exp.Expr], request: AnalysisRequest, places: Places) -> exp.Query:
    if len(statements) != 1:
        what = "no statement" if not statements else f"{len(statements)} statements"
        raise ProjectError(
            Diagnostic(
                code="SQL_NOT_ONE_QUERY",
                message=f"a model is one query, and this file has {what}",
                span=places.of(statements[1]) if len(statements) > 1 else places.at(1, 1),
                fix="leave one SELECT; set-up statements do not belong in a model",
                model=request.model,
            )
        )
    (tree,) = statements
    if not isinstance(tree, exp.Query):
        raise ProjectError(
            Diagnostic(
                code="SQL_NOT_A_QUERY",
                message=f"a model is a SELECT, and this is {type(tree).__name__.upper()}",
                span=places.of(tree) or places.at(1, 1),
                fix="write the query alone; sqlbackfill writes the DELETE and INSERT around it",
                model=request.model,
            )
        )
    return tree


def _print_bounds_as_text(tree: exp.Query) -> None:
    """Turns bounds that stand unquoted into string literals."""
    for column in list(tree.find_all(exp.Column)):
        if column.name in MARKERS and not column.args.get("table"):
            column.replace(exp.Literal.string(column.name))


def _name_occurrences(
    parsed: ParsedQuery, request: AnalysisRequest, tables: list[exp.Table]
) -> None:
    """Gives every occurrence the alias that its relation's name would be in SQL."""
    names = request.occurrences
    named = 0
    for table in tables:
        if table.name in names and not table.args.get("db"):
            named += 1
            table.this.set("quoted", True)
            if not table.alias:
                alias = _identifier(names[table.name])
                table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
                parsed.aliases[table.name] = alias
    if named == len(_OCCURRENCE.findall(request.sql)):
        return  # each marker in the text is a table, so none stands before a column's name
    for column in parsed.tree.find_all(exp.Column):
        if column.table in names:
            ref = names[column.table]
            relation = ref.relation
            column.set("table", exp.to_identifier(_identifier(ref)))
            parsed.unwrappable |= {m for m, ref in names.items() if ref.relation == relation}


def _identifier(ref: InputRef) -> str:
    return ref.identifier or ref.relation.rsplit(".", 1)[-1]


def _guard_outer_using(tree: exp.Query) -> None:
    """Marks RIGHT and FULL joins by USING, whose merged column sqlglot takes from the left alone."""
    for join in tree.find_all(exp.Join):
        outer = (join.args.get("side") or "").upper() in ("RIGHT", "FULL")
        if outer and (join.args.get("using") or (join.args.get("method") or "") == "NATURAL"):
            join.set("global_", True)


def _resolve(parsed: ParsedQuery, request: AnalysisRequest, places: Places) -> Diagnostic | None:
    """Resolves names and types in place; what went wrong, after which the tree is of no use."""
    columns = {
        marker: _schema(ref.columns, request.dialect)
        for marker, ref in request.occurrences.items()
        if ref.columns is not None
    }
    try:
        plain = None
        if "sqlglot.meta" not in request.sql:  # a comment that says how a name is spelled
            aliases = {marker: _identifier(ref) for marker, ref in request.occurrences.items()}
            plain = resolve_plainly(parsed.tree, columns, aliases, request.dialect)
        if plain is None:
            _qualify(parsed, request, places, columns)
        else:
            parsed.is_qualified, parsed.aliases = True, plain.aliases
            parsed.classes, parsed.tables = plain.classes, plain.tables
    except (SqlglotError, KeyError, ValueError, AttributeError, TypeError) as error:
        return _unresolved(error, request)
    return None


def _qualify(
    parsed: ParsedQuery,
    request: AnalysisRequest,
    places: Places,
    columns: Mapping[str, Mapping[str, exp.DataType]],
) -> None:
    tables = [without_column_aliases(t) for t in list(parsed.tree.find_all(exp.Table))]
    parsed.hard_coded = _hard_coded(tables, request.occurrences, places, request.dialect)
    _name_occurrences(parsed, request, tables)
    schema = _InputSchema(columns, request.dialect)
    qualified = qualify(
        parsed.tree,
        schema=schema,
        dialect=request.dialect,
        validate_qualify_columns=False,
        quote_identifiers=False,
        identify=False,
    )
    parsed.classes = classes_in(qualified)
    if not _may_use_rows_as_values(parsed, request.sql):
        schema.forgets_rows()
    typed = annotate_types(qualified, schema=schema)
    if isinstance(typed, exp.Query):
        parsed.tree, parsed.is_qualified = typed, True


class _InputSchema(MappingSchema):
    """The inputs' columns by marker.

    Looked up by name alone: sqlglot's own way hashes the table's syntax tree for every column.
    """

    def __init__(self, columns: Mapping[str, Mapping[str, exp.DataType]], dialect: str) -> None:
        super().__init__({**columns}, dialect=dialect, normalize=False)
        self._columns = columns
        self._no_type = exp.DataType.build("unknown")

    def column_names(
        self,
        table: exp.Table | str,
        only_visible: bool = False,  # noqa: ARG002  (all are)
        dialect: DialectType = None,  # noqa: ARG002
        normalize: bool | None = None,  # noqa: ARG002
    ) -> list[str]:
        return list(self._of(table))

    def get_column_type(
        self,
        table: exp.Table | str,
        column: exp.Column | str,
        dialect: DialectType = None,  # noqa: ARG002
        normalize: bool | None = None,  # noqa: ARG002
    ) -> exp.DataType:
        name = column if isinstance(column, str) else column.name
        return self._of(table).get(name) or self._no_type

    def forgets_rows(self) -> None:
        """Lets sqlglot not build the type of a row for every query, which takes it as long as all other types."""
        self.dialect.QUERY_RESULTS_ARE_STRUCTS = False

    def _of(self, table: exp.Table | str) -> Mapping[str, exp.DataType]:
        return self._columns.get(table if isinstance(table, str) else table.name) or {}


@lru_cache(maxsize=4096)
def _schema(columns: tuple[tuple[str, str], ...], dialect: str) -> Mapping[str, exp.DataType]:
    """Columns as the tree spells them, one whose type cannot be read as of unknown type."""
    return {
        folded(name, dialect): data_type(text, dialect) or exp.DataType.build("unknown")
        for name, text in columns
    }


def _may_use_rows_as_values(parsed: ParsedQuery, sql: str) -> bool:
    """Whether a row of a query might stand for one value: `select t from t`, `array(select …)`, `as struct`."""
    return parsed.may_hold((exp.TableColumn, exp.Array)) or "struct" in sql.lower()


def _unresolved(error: Exception, request: AnalysisRequest) -> Diagnostic:
    what = (
        str(error).splitlines()[0] if isinstance(error, OptimizeError) else "names are not resolved"
    )
    return Diagnostic(
        code="NAMES_UNRESOLVED",
        message=f"columns cannot be traced, so every input is read whole: {what[:1].lower()}{what[1:]}",
        severity=Severity.WARNING,
        fix="qualify the columns with their tables, or let sqlbackfill know the inputs' columns",
        model=request.model,
    )


def _hard_coded(
    tables: list[exp.Table], occurrences: Mapping[str, InputRef], places: Places, dialect: str
) -> tuple[HardCodedTable, ...]:
    found = []
    for table in tables:
        if _is_call_that_reads(table):
            call = exp.Table(**{key: table.args.get(key) for key in ("this", "db", "catalog")})
            found.append(HardCodedTable(name=call.sql(dialect), span=places.of(table)))
            continue
        if not isinstance(table.this, exp.Identifier) or table.name in occurrences:
            continue
        if not table.args.get("db") and _is_cte(table):
            continue
        parts = tuple(part.name for part in table.parts)
        found.append(HardCodedTable(name=".".join(parts), parts=parts, span=places.of(table)))
    return tuple(found)


def _is_call_that_reads(table: exp.Table) -> bool:
    """Whether a function stands in FROM that may read a file or a table."""
    call = table.this
    if not isinstance(call, exp.Func) or isinstance(call, exp.GenerateSeries):
        return False
    return not (isinstance(call, exp.Anonymous) and call.name.lower() in _READ_NOTHING)


def _is_cte(table: exp.Table) -> bool:
    """Whether a CTE that `table` can see has its name."""
    name = table.name.lower()
    child: exp.Expr = table
    while child.parent is not None:
        parent = child.parent
        if isinstance(parent, exp.With):
            for cte in parent.expressions:
                if cte is child and not parent.args.get("recursive"):
                    break
                if cte.alias.lower() == name:
                    return True
        else:
            with_ = parent.args.get("with_")
            visible = with_.expressions if with_ is not None and with_ is not child else ()
            if any(cte.alias.lower() == name for cte in visible):
                return True
        child = parent
    return False
