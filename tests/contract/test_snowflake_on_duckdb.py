"""Snowflake's SQL on DuckDB: transpiled, it gives what Snowflake documents, or says what does not come over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sqlbackfill.errors import ProjectError, SourceSpan
from sqlbackfill.query.facts import AnalysisRequest
from sqlbackfill.query.transpile import transpile, type_in
from tests.contract.snowflake_expressions import COVERED, QUERIES, REFUSED, covered_tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "local-testing.md"
EXPRESSIONS = [pair for pairs in COVERED.values() for pair in pairs]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def functions(engine: duckdb.DuckDBPyConnection) -> frozenset[str]:
    rows = engine.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    return frozenset(name for (name,) in rows)


def request_of(sql: str, dialect: str = "snowflake") -> AnalysisRequest:
    return AnalysisRequest(
        model="m",
        sql=sql,
        dialect=dialect,
        locate=lambda line, column: SourceSpan(file="m.sql", line=line, column=column),
    )


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, int | float | Decimal) and not isinstance(expected, bool):
        return isinstance(found, int | float | Decimal) and math.isclose(found, expected)
    return bool(found == expected)


def test_at_least_sixty_expressions_are_held_against_the_documentation() -> None:
    assert len(EXPRESSIONS) + len(QUERIES) >= 60


@pytest.mark.parametrize(("sql", "expected"), EXPRESSIONS, ids=[sql for sql, _ in EXPRESSIONS])
def test_an_expression_gives_what_snowflake_gives(
    sql: str, expected: Any, engine: duckdb.DuckDBPyConnection, functions: frozenset[str]
) -> None:
    dates = frozenset(["x"]) if type(expected).__name__ == "date" else frozenset[str]()
    draft = transpile(request_of(f"select {sql} as x"), "duckdb", functions, dates)
    [(found,)] = engine.execute(draft.reading({}).sql).fetchall()
    assert same(found, expected), (found, draft.reading({}).sql)


@pytest.mark.parametrize(("sql", "expected"), QUERIES, ids=[sql for sql, _ in QUERIES])
def test_a_query_gives_the_rows_that_snowflake_gives(
    sql: str,
    expected: list[tuple[Any, ...]],
    engine: duckdb.DuckDBPyConnection,
    functions: frozenset[str],
) -> None:
    written = transpile(request_of(sql), "duckdb", functions).reading({}).sql
    assert engine.execute(written).fetchall() == expected, written


@pytest.mark.parametrize(("sql", "name"), REFUSED, ids=[name for _, name in REFUSED])
def test_what_does_not_come_over_is_named_with_its_line(
    sql: str, name: str, functions: frozenset[str]
) -> None:
    with pytest.raises(ProjectError) as refused:
        transpile(request_of(f"select\n  1 as one,\n  {sql} as x"), "duckdb", functions)
    first = refused.value.diagnostics[0]
    assert first.code == "FUNCTION_NOT_TRANSPILED"
    assert f"`{name}`" in first.message
    assert first.span is not None
    assert (first.span.line, first.span.column) == (3, 3)


def test_the_page_lists_what_is_covered() -> None:
    assert covered_tables() in PAGE.read_text()


def test_every_unknown_function_is_named_at_once(functions: frozenset[str]) -> None:
    sql = "select foo(a),\n  qux(b),\n foo(c) from t"
    with pytest.raises(ProjectError) as refused:
        transpile(request_of(sql), "duckdb", functions)
    found = [(d.span.line, d.message.split("`")[1]) for d in refused.value.diagnostics if d.span]
    assert found == [(1, "foo"), (2, "qux")]


def test_columns_that_differ_in_case_alone_are_refused(functions: frozenset[str]) -> None:
    with pytest.raises(ProjectError) as refused:
        transpile(request_of('select id, "id" from t'), "duckdb", functions)
    assert "differ in case alone" in refused.value.diagnostics[0].message


def test_a_quoted_column_renamed_to_itself_is_not(functions: frozenset[str]) -> None:
    transpile(request_of('select "id" as id from t'), "duckdb", functions)


def test_integer_division_leaves_out_the_rest_where_the_dialect_does(
    engine: duckdb.DuckDBPyConnection, functions: frozenset[str]
) -> None:
    sql = "select 7 / 2, -7 / 2, 7 / 2.0, a / b, c / b from (values (9, 4, 9.0)) t(a, b, c)"
    written = transpile(request_of(sql, "postgres"), "duckdb", functions).reading({}).sql
    assert engine.execute(written).fetchall() == [(3, -3, 3.5, 2, 2.25)]


def test_a_place_leads_back_to_the_query_as_it_was_written() -> None:
    sql = "select iff(a.one = 1, 1, 2) as x -- why\nfrom __sb_scan_0__ a\nwhere a.two = 2"
    written = transpile(request_of(sql), "duckdb").reading({0: "(select 1 as\none)"})
    assert "why" not in written.sql
    for word, place in (("one =", (1, 14)), ("two", (3, 9))):
        offset = written.sql.index(word)
        line = written.sql.count("\n", 0, offset) + 1
        column = offset - written.sql.rfind("\n", 0, offset)
        assert written.origin(line, column) == place


def test_a_comment_of_the_authors_is_not_taken_for_a_place() -> None:
    written = transpile(request_of("select '/* sb:0.3 */' as x"), "duckdb").reading({})
    assert "'/* sb:0.3 */'" in written.sql


def test_types_are_spelled_in_the_other_dialect() -> None:
    assert type_in("TIMESTAMP WITH TIME ZONE", "duckdb", "snowflake") == "TIMESTAMP_LTZ"
    assert type_in("TIMESTAMP", "duckdb", "bigquery") == "DATETIME"
    assert type_in("NUMBER(38, 0)", "snowflake", "duckdb") == "DECIMAL(38, 0)"
