"""What sqlglot gets wrong, or leaves, between dialects: rewritten before the query is written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

_TEXTS: Final = exp.DataType.TEXT_TYPES
_INPUT: Final = "__sb_input__"
_FLATTEN: Final = f"""
SELECT
  CASE WHEN JSON_TYPE(TO_JSON({_INPUT})) <> 'ARRAY' THEN sb_each.key END AS key,
  CASE WHEN JSON_TYPE(TO_JSON({_INPUT})) = 'ARRAY' THEN TRY_CAST(sb_each.key AS BIGINT) END AS index,
  sb_each.value AS value,
  TO_JSON({_INPUT}) AS this
FROM JSON_EACH(TO_JSON({_INPUT})) AS sb_each
"""
"""https://docs.snowflake.com/en/sql-reference/functions/flatten, without SEQ and PATH."""
_SHIFTS: Final = (exp.DateAdd, exp.DateSub, exp.TsOrDsAdd, exp.AddMonths, exp.Interval)
_WHOLE_TYPES: Final = "U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_EXACT: Final = frozenset(
    {*exp.DataType.REAL_TYPES, *exp.DataType.FLOAT_TYPES, exp.DataType.Type.DECIMAL}
)


def refused(tree: exp.Expr, read: str) -> Iterator[tuple[str, exp.Expr]]:
    """What would come out as something else, and where it stands."""
    dialect = Dialect.get_or_raise(read)
    for select in tree.find_all(exp.Select):
        seen: dict[str, str] = {}
        for projection in select.selects:
            name = projection.output_name
            if not name:
                continue
            own = _own_spelling(projection, dialect)
            first = seen.setdefault(name.lower(), own)
            if first != own:
                yield f"columns `{first}` and `{own}`, which differ in case alone,", projection
    if read == "snowflake":
        for source in _flattens(tree):
            for name, _ in _arguments(source.this):
                if name not in ("input", "outer", "path"):
                    yield f"the `{name}` of FLATTEN", source.this


def _own_spelling(projection: exp.Expr, dialect: Dialect) -> str:
    named = projection.args.get("alias") if isinstance(projection, exp.Alias) else projection.this
    if not isinstance(named, exp.Identifier):
        return projection.output_name
    return str(dialect.normalize_identifier(named.copy()).name)


def rewritten(tree: exp.Expr, read: str, write: str, dates: frozenset[str]) -> exp.Expr:
    """The query in the same dialect, made of what is written rightly in the other.

    `dates` are the output columns, in lower case, that are dates there.
    """
    if write != "duckdb":
        return tree
    if read == "snowflake":
        _json_as_text(tree, {source.alias_or_name.lower() for source in _flattens(tree)})
        for source in list(_flattens(tree)):
            _rewrite_flatten(source)
    if Dialect.get_or_raise(read).TYPED_DIVISION:
        tree = tree.transform(_typed_division)
    return _with_dates(tree, dates)


def _with_dates(tree: exp.Expr, dates: frozenset[str]) -> exp.Expr:
    """The query with its `dates` cast: adding to a date gives DuckDB a timestamp."""
    if not isinstance(tree, exp.Query) or tree.find(*_SHIFTS) is None:
        return tree
    names = [
        exp.to_identifier(projection.output_name, quoted=_is_quoted(projection))
        for projection in tree.selects
        if projection.output_name.lower() in dates and not _is_date(projection)
    ]
    if not names:
        return tree
    casts = [exp.alias_(exp.cast(exp.column(name.copy()), "date"), name) for name in names]
    star = exp.Star(replace=casts)
    return exp.Select(expressions=[star]).from_(exp.Subquery(this=tree), copy=False)


def _is_date(projection: exp.Expr) -> bool:
    value = projection.unalias()
    return isinstance(value, exp.Cast) and value.to.this is exp.DataType.Type.DATE


def _is_quoted(projection: exp.Expr) -> bool:
    named = projection.args.get("alias") or projection.this
    return isinstance(named, exp.Identifier) and bool(named.args.get("quoted"))


def _json_as_text(tree: exp.Expr, flattened: frozenset[str] | set[str]) -> None:
    """`value:city::string` is the text itself; DuckDB's JSON as text would keep its quotes.

    So is the VALUE of a FLATTEN, whose aliases are `flattened`.
    """
    for cast in list(tree.find_all(exp.Cast)):
        inner = cast.this.unnest()
        if cast.to.this not in _TEXTS:
            continue
        scalar: exp.Expr | None = None
        if isinstance(inner, exp.JSONExtract):
            scalar = exp.JSONExtractScalar(this=inner.this, expression=inner.expression)
        elif _is_element(inner, flattened):
            root = exp.JSONPath(expressions=[exp.JSONPathRoot()])
            scalar = exp.JSONExtractScalar(this=inner.copy(), expression=root)
        if scalar is not None:
            scalar.meta.update(inner.meta)
            cast.this.replace(exp.paren(scalar, copy=False))


def _is_element(node: exp.Expr, flattened: frozenset[str] | set[str]) -> bool:
    if not flattened or not isinstance(node, exp.Column) or node.name.lower() != "value":
        return False
    return not node.table or node.table.lower() in flattened


def _flattens(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The FLATTENs in FROM clauses, as LATERAL or TABLE()."""
    for source in tree.find_all(exp.Lateral, exp.TableFromRows):
        if isinstance(source.this, exp.Explode):
            yield source


def _arguments(call: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for argument in (call.this, *call.expressions):
        if isinstance(argument, exp.Kwarg):
            yield argument.this.name.lower(), argument.expression
        else:
            yield "input", argument


def _rewrite_flatten(source: exp.Expr) -> None:
    """Makes a FLATTEN a subquery over `json_each`, which takes lists and JSON alike."""
    given = dict(_arguments(source.this))
    value = given["input"]
    if "path" in given:
        path = exp.Literal.string(f"$.{given['path'].name}")
        value = exp.Anonymous(this="json_extract", expressions=[value, path])
    query = sqlglot.parse_one(_FLATTEN, read="duckdb")
    for column in list(query.find_all(exp.Column)):
        if column.name == _INPUT:
            column.replace(value.copy())
    alias = source.alias or "flatten"
    lateral = exp.Lateral(
        this=exp.Subquery(this=query),
        alias=exp.TableAlias(this=exp.to_identifier(alias)),
    )
    is_outer = "outer" in given and given["outer"].sql().upper() == "TRUE"
    join = source.parent
    if is_outer and isinstance(join, exp.Join) and not join.args.get("on"):
        join.set("side", "LEFT")
        join.set("kind", None)
        join.set("on", exp.true())
    source.replace(lateral)


def _typed_division(node: exp.Expr) -> exp.Expr:
    """`a / b` of whole numbers leaves out the rest there; DuckDB is asked what they are."""
    if not isinstance(node, exp.Div) or not node.args.get("typed"):
        return node
    left, right = node.this, node.expression
    plain = exp.Div(this=left.copy(), expression=right.copy(), typed=False, safe=False)
    if _is_exact(left) or _is_exact(right):
        return plain
    whole = [
        exp.Anonymous(
            this="regexp_full_match",
            expressions=[
                exp.Anonymous(this="typeof", expressions=[side.copy()]),
                exp.Literal.string(_WHOLE_TYPES),
            ],
        )
        for side in (left, right)
    ]
    return exp.Case(
        ifs=[
            exp.If(
                this=exp.and_(*whole), true=exp.IntDiv(this=left.copy(), expression=right.copy())
            )
        ],
        default=plain,
    )


def _is_exact(node: exp.Expr) -> bool:
    """Whether an operand is surely no whole number."""
    bare = node.unnest()
    if isinstance(bare, exp.Cast):
        return bare.to.this in _EXACT
    return isinstance(bare, exp.Literal) and not bare.is_string and "." in bare.name
