"""The rows that a unit test gives, as tables of the engine that tests run on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final

from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan, WarehouseError
from sqlbackfill.project.unit_test import RowFormat, UnitRows
from sqlbackfill.run.literals import text_literal
from sqlbackfill.warehouse.protocol import Column, Session

_PATTERNS: Final = (
    (re.compile(r"[-+]?\d{1,18}"), "BIGINT"),
    (re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"), "DOUBLE"),
    (re.compile(r"true|false", re.IGNORECASE), "BOOLEAN"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?"), "TIMESTAMP"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(Z|[-+]\d\d(:?\d\d)?)"), "TIMESTAMPTZ"),
)

Written = Callable[[str], str]
"""SQL of the model's dialect as DuckDB has it."""


@dataclass(frozen=True, slots=True)
class KnownColumns:
    """What is known of a table: columns with their types (None: not known) in DuckDB's words.

    Where it is not `complete` there may be others.
    """

    columns: tuple[tuple[str, str | None], ...]
    complete: bool

    def named(self, name: str) -> tuple[str, str | None] | None:
        """The column of that name, whatever its case."""
        folded = name.lower()
        return next((one for one in self.columns if one[0].lower() == folded), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRows:
    """Rows to be put into a table; `shown` is what messages call them."""

    test: str
    shown: str
    rows: UnitRows
    known: KnownColumns


def create_given(session: Session, table: str, given: GivenRows, written: Written) -> None:
    """Makes the temporary table `table` with the given rows; known columns not given are NULL.

    Raises ProjectError BAD_UNIT_TEST for a column that there is not, and for a value that its
    column cannot hold.
    """
    if given.rows.format is RowFormat.SQL:
        _create_from_sql(session, table, given, written)
        return
    types = _types(given)
    names = list(types)
    body = rows_query(given.rows.rows, types) if names else "SELECT 1 WHERE FALSE"
    try:
        session.execute(f"CREATE OR REPLACE TEMPORARY TABLE {table} AS {body}")
    except WarehouseError as error:
        raise ProjectError(bad_value(session, given, types) or error.diagnostics[0]) from None


def rows_query(rows: Sequence[Mapping[str, object]], types: Mapping[str, str]) -> str:
    """A query that gives the rows, the columns of `types` cast to them; cells not given are NULL."""
    names = list(types)
    listed = ", ".join(
        f"CAST(c{at} AS {types[name]}) AS {quoted(name)}" for at, name in enumerate(names)
    )
    marks = ", ".join(f"c{at}" for at in range(len(names)))
    cells = [{name.lower(): value for name, value in row.items()} for row in rows] or [{}]
    values = ", ".join(
        f"({', '.join(cell(row.get(name.lower())) for name in names)})" for row in cells
    )
    nothing = "" if rows else " WHERE FALSE"
    return f"SELECT {listed} FROM (VALUES {values}) AS given({marks}){nothing}"


def cell(value: object) -> str:
    """A value of yml as a text that DuckDB casts to what the column is, or NULL."""
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float):
        text = repr(value)
    elif isinstance(value, date | datetime | time):
        text = value.isoformat()
    elif isinstance(value, dict | list | tuple):
        text = json.dumps(value, default=str, ensure_ascii=False)
    else:
        text = str(value)
    return text_literal(text, "duckdb")


def quoted(name: str) -> str:
    """One identifier, quoted as DuckDB reads it."""
    return '"' + name.replace('"', '""') + '"'


def _types(given: GivenRows) -> dict[str, str]:
    """The table's columns: those that are known, and those given where more may be."""
    types = dict(given.known.columns)
    for name in given.rows.columns:
        known = given.known.named(name)
        if known is None and given.known.complete:
            raise ProjectError(_no_such_column(given, name))
        if known is None:
            types[name] = None
    return {
        name: type_ or inferred_type(_values(given.rows, name), given.rows.format)
        for name, type_ in types.items()
    }


def _values(rows: UnitRows, name: str) -> list[object]:
    folded = name.lower()
    return [value for row in rows.rows for key, value in row.items() if key.lower() == folded]


def inferred_type(values: Sequence[object], format_: RowFormat) -> str:
    """What a column is of which nothing but these values is known."""
    present = [value for value in values if value is not None]
    if not present:
        return "INTEGER"
    if format_ is RowFormat.CSV:
        for pattern, type_ in _PATTERNS:
            if all(pattern.fullmatch(str(value)) for value in present):
                return type_
        return "VARCHAR"
    kinds = {type(value) for value in present}
    return _type_of(kinds, present)


def _type_of(kinds: set[type[object]], values: Sequence[object]) -> str:
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int}:
        return "BIGINT"
    if kinds <= {int, float}:
        return "DOUBLE"
    if kinds == {date}:
        return "DATE"
    if kinds <= {date, datetime}:
        zoned = any(isinstance(v, datetime) and v.tzinfo is not None for v in values)
        return "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    return "JSON" if kinds <= {dict, list} else "VARCHAR"


def _create_from_sql(session: Session, table: str, given: GivenRows, written: Written) -> None:
    query = written(given.rows.sql)
    try:
        columns = session.describe(query)
        body = f"SELECT {_as_known(columns, given)} FROM (\n{query}\n)"
        session.execute(f"CREATE OR REPLACE TEMPORARY TABLE {table} AS {body}")
    except WarehouseError as error:
        raise ProjectError(_bad_sql(given, error)) from None


def _as_known(columns: Sequence[Column], given: GivenRows) -> str:
    parts = []
    for column in columns:
        known = given.known.named(column.name)
        if known is None and given.known.complete:
            raise ProjectError(_no_such_column(given, column.name))
        name, type_ = known or (column.name, None)
        value = quoted(column.name)
        parts.append(f"{f'CAST({value} AS {type_})' if type_ else value} AS {quoted(name)}")
    present = {column.name.lower() for column in columns}
    parts += [
        f"CAST(NULL AS {type_ or 'INTEGER'}) AS {quoted(name)}"
        for name, type_ in given.known.columns
        if name.lower() not in present
    ]
    return ", ".join(parts)


def bad_value(session: Session, given: GivenRows, types: Mapping[str, str]) -> Diagnostic | None:
    """The first value that its column cannot hold, as a diagnostic; None where all fit."""
    for number, row in enumerate(given.rows.rows):
        for name, value in row.items():
            type_ = next((t for n, t in types.items() if n.lower() == name.lower()), None)
            if type_ is None or value is None:
                continue
            try:
                session.execute(f"SELECT CAST({cell(value)} AS {type_})")
            except WarehouseError:
                return bad_test(
                    given.test,
                    f"`{value}` is no {type_}, which `{name}` of {given.shown} is",
                    given.rows.span_of(number),
                    "correct the value",
                )
    return None


def bad_test(test: str, message: str, span: SourceSpan | None, fix: str) -> Diagnostic:
    """A BAD_UNIT_TEST about the test of that name."""
    return Diagnostic(
        code="BAD_UNIT_TEST", message=f"unit test `{test}`: {message}", span=span, fix=fix
    )


def _no_such_column(given: GivenRows, name: str) -> Diagnostic:
    from difflib import get_close_matches

    names = [column for column, _ in given.known.columns]
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    span = next(
        (given.rows.span_of(at) for at, row in enumerate(given.rows.rows) if name in row),
        given.rows.span,
    )
    return bad_test(
        given.test,
        f"{given.shown} has no column `{name}`{hint}",
        span,
        f"its columns are {', '.join(names)}",
    )


def _bad_sql(given: GivenRows, error: WarehouseError) -> Diagnostic:
    return bad_test(
        given.test,
        f"the SQL of {given.shown} does not run: {error.diagnostics[0].message}",
        given.rows.span,
        error.diagnostics[0].fix or "correct the query",
    )


def plain(value: Any) -> Any:
    """A value of the engine as JSON has it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
