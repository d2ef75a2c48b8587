"""One DuckDB connection as a Session. Opening and closing the file is the adapter's."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlbackfill.errors import Diagnostic, FailureKind, SqlbackfillError, WarehouseError
from sqlbackfill.warehouse.duckdb_failures import Place, translate
from sqlbackfill.warehouse.identity import read_identity
from sqlbackfill.warehouse.parquet_file import not_written
from sqlbackfill.warehouse.protocol import Column, Relation, TableInfo, TableKind

_DESCRIBE = "DESCRIBE "
_FEW_ROWS = 2
_TABLES = """
SELECT database_name, schema_name, table_name, 'table', comment, NULL, 0 FROM duckdb_tables()
WHERE database_name IN ({databases}) AND lower(table_name) IN ({names})
UNION ALL
SELECT database_name, schema_name, view_name, 'view', comment, NULL, 0 FROM duckdb_views()
WHERE database_name IN ({databases}) AND NOT internal AND lower(view_name) IN ({names})
UNION ALL
SELECT database_name, schema_name, table_name, 'column', column_name, data_type, column_index
FROM duckdb_columns() WHERE database_name IN ({databases}) AND lower(table_name) IN ({names})
UNION ALL
SELECT database_name, schema_name, table_name, 'collated', NULL, NULL, 0
FROM duckdb_tables() WHERE database_name IN ({databases}) AND contains(lower(sql), ' collate ')
UNION ALL
SELECT '', '', '', 'collated', NULL, NULL, 0 WHERE current_setting('default_collation') <> ''
"""
# Without names of databases, as the catalogue spells them, the engine makes all of its own views first,
# which takes four times as long. A collation stands nowhere but in the statement that made a table; in a
# view's columns it is not shown, and a view may read tables of any database.
_COLLATED = "SELECT count(*) FROM duckdb_tables() WHERE contains(lower(sql), ' collate ')"
_DATABASES = "SELECT database_name FROM duckdb_databases()"
_ALL = Relation("", "", "")
_FEW_NAMES = 8


class DuckDBSession:
    """A cursor of the adapter's one DuckDB instance.

    When the adapter reopens the file in another mode, the session follows with a new cursor;
    within a transaction it cannot, and says so.
    """

    def __init__(
        self, connect: Callable[[], Any], *, path: Path | None, mask: Callable[[str], str]
    ) -> None:
        self._connect = connect
        self._path = path
        self._mask = mask
        self._cursor: Any = None
        self._in_transaction = False
        self._aborted = False
        self._databases: dict[str, str] = {}

    @property
    def in_transaction(self) -> bool:
        return self._in_transaction

    def label(self, facts: Mapping[str, str]) -> None:
        """DuckDB keeps nothing with a query."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._run(sql, parameters)

    def execute_count(self, sql: str, parameters: Sequence[object] = ()) -> int:
        rows = self._run(sql, parameters)
        return int(rows[0][0]) if rows else 0

    def insert(
        self, relation: Relation, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> int:
        if not rows:
            return 0
        names = ", ".join(quote_name(name) for name in columns)
        target = f"INSERT INTO {quote_relation(relation)} ({names})"
        if len(rows) < _FEW_ROWS:
            marks = ", ".join("?" * len(columns))
            return self.execute_count(f"{target} VALUES ({marks})", tuple(rows[0]))
        values, parameters = _column_wise(rows)
        return self.execute_count(f"{target} SELECT {values}", parameters)

    def begin(self) -> None:
        self._run("BEGIN TRANSACTION")
        self._in_transaction, self._aborted = True, False

    def commit(self) -> None:
        if self._aborted:
            self.rollback()
            raise WarehouseError(
                Diagnostic(
                    code="TRANSACTION_ABORTED",
                    message="a statement of the transaction failed, so it was rolled back",
                    fix="nothing of it was kept; run the command that continues",
                )
            )
        try:
            self._run("COMMIT")
        except SqlbackfillError:
            self.rollback()
            raise
        self._in_transaction = False

    def rollback(self) -> None:
        if self._in_transaction and self._cursor is not None:
            with contextlib.suppress(Exception):
                self._cursor.execute("ROLLBACK")
        self._in_transaction = self._aborted = False

    def describe(self, query: str) -> tuple[Column, ...]:
        try:
            rows = self._run(_DESCRIBE + query, shift=len(_DESCRIBE))
        except WarehouseError as error:
            if error.kind is FailureKind.DATA:  # no row was read: it is of the query itself
                error.of_kind(FailureKind.PERMANENT)
            raise
        return tuple(Column(str(row[0]), str(row[1])) for row in rows)

    def table(self, relation: Relation) -> TableInfo | None:
        return self.tables((relation,)).get(relation)

    def tables(self, relations: Sequence[Relation]) -> dict[Relation, TableInfo]:
        asked: dict[tuple[str, str, str], list[Relation]] = {}
        for relation in relations:
            asked.setdefault(_folded(relation), []).append(relation)
        if not asked:
            return {}
        names = sorted({name for _, _, name in asked})
        databases = self._spellings({database for database, _, _ in asked})
        if not databases:
            return {}
        # Put together here: a join of the three takes the engine twice as long.
        # A list is joined, which a few names do not pay for; to bind thousands of them took longer than all else.
        is_few = len(names) <= _FEW_NAMES
        marks = ", ".join("?" * len(names)) if is_few else "SELECT unnest(CAST(? AS VARCHAR[]))"
        sql = _TABLES.format(names=marks, databases=", ".join("?" * len(databases)))
        each = [*databases, *(names if is_few else [names])]
        found: dict[Relation, tuple[str, str | None]] = {}
        columns: dict[Relation, list[tuple[int, Column]]] = {}
        collated: set[Relation] = set()
        for *parts, what, text, data_type, index in self._run(sql, [*each * 3, *databases]):
            actual = Relation(*parts)
            if what == "column":
                columns.setdefault(actual, []).append((index, Column(text, data_type)))
            elif what == "collated":
                collated.add(actual)
            elif _folded(actual) in asked:
                found[actual] = (what, text)
        if any(kind == "view" for kind, _ in found.values()):
            has_collated = bool(collated) or self._run(_COLLATED)[0][0] > 0
        else:
            has_collated = False
        return {
            relation: TableInfo(
                relation=actual,
                kind=TableKind(kind),
                columns=tuple(
                    _collated(column)
                    if actual in collated or _ALL in collated or (has_collated and kind == "view")
                    else column
                    for _, column in sorted(columns.get(actual, []), key=_index)
                ),
                identity=read_identity(comment),
            )
            for actual, (kind, comment) in sorted(found.items())
            for relation in asked[_folded(actual)]
        }

    def _spellings(self, folded: set[str]) -> list[str]:
        """Those of the databases that are there, as the catalogue spells them, in order."""
        if not folded <= self._databases.keys():
            self._databases = {str(name).lower(): str(name) for (name,) in self._run(_DATABASES)}
        return sorted(self._databases[name] for name in folded & self._databases.keys())

    def write_parquet(self, query: str, file: Path) -> int:
        target = str(file).replace("'", "''")
        try:
            return self.execute_count(f"COPY (\n{query}\n) TO '{target}' (FORMAT parquet)")
        except WarehouseError as error:
            said = error.diagnostics[0].message
            if str(file) not in said:
                raise
            raise not_written(file, _reason(said)) from None

    def interrupt(self) -> None:
        if self._cursor is not None:
            self._cursor.interrupt()

    def close(self) -> None:
        self.rollback()
        self._databases = {}
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with contextlib.suppress(Exception):
                cursor.close()

    def detach(self) -> None:
        """Lets go of the cursor because its file is being reopened; the next statement gets another.

        Raises WarehouseError SESSION_BUSY within a transaction.
        """
        if self._in_transaction:
            raise WarehouseError(
                Diagnostic(
                    code="SESSION_BUSY",
                    message="the database cannot be opened for writing while it is being read",
                    fix="end the reading transaction first",
                )
            )
        self.close()

    def _run(
        self, sql: str, parameters: Sequence[object] = (), *, shift: int = 0
    ) -> list[tuple[Any, ...]]:
        try:
            if self._cursor is None:
                self._cursor = self._connect()
            rows: list[tuple[Any, ...]] = self._cursor.execute(sql, parameters or None).fetchall()
        except SqlbackfillError:
            raise
        except Exception as error:  # noqa: BLE001 - every driver error becomes ours
            self._aborted = self._in_transaction
            ours = translate(error, Place(path=self._path, sql=sql), self._mask)
            if isinstance(ours, WarehouseError) and ours.sql_line == 1 and ours.sql_column:
                ours.located(1, max(1, ours.sql_column - shift))
            raise ours from _safe_cause(error, self._mask)
        except BaseException:
            self._aborted = self._in_transaction
            raise
        return rows


def _reason(text: str) -> str:
    """What the system said, where an error of the engine has its number."""
    number = re.search(r'errno\\*"\s*:\s*\\*"(\d+)', text)
    return os.strerror(int(number[1])).lower() if number else "the engine could not write it"


def quote_name(name: str) -> str:
    """One identifier, quoted as DuckDB reads it."""
    return '"' + name.replace('"', '""') + '"'


def quote_relation(relation: Relation) -> str:
    """All three parts of a relation, quoted."""
    return ".".join(map(quote_name, (relation.database, relation.schema, relation.identifier)))


def _column_wise(rows: Sequence[Sequence[object]]) -> tuple[str, list[object]]:
    """The select list and parameters that give `rows`: a list per column, or one value if all agree.

    Measured with 365 rows of 23 columns: 3 ms; one VALUES statement takes 100 ms, executemany 300.
    """
    expressions: list[str] = []
    parameters: list[object] = []
    varies = False
    for column in zip(*rows, strict=True):
        same = all(value == column[0] for value in column)
        varies = varies or not same
        expressions.append("?" if same else "unnest(?)")
        parameters.append(column[0] if same else list(column))
    if not varies:
        expressions[0], parameters[0] = "unnest(?)", [row[0] for row in rows]
    return ", ".join(expressions), parameters


def _index(column: tuple[int, Column]) -> int:
    return column[0]


def _folded(relation: Relation) -> tuple[str, str, str]:
    return relation.database.lower(), relation.schema.lower(), relation.identifier.lower()


def _collated(column: Column) -> Column:
    """The column as one whose texts may be equal that are not the same."""
    is_text = "VARCHAR" in column.type
    return Column(column.name, f"{column.type} COLLATE ANY") if is_text else column


def _safe_cause(error: Exception, mask: Callable[[str], str]) -> Exception | None:
    """The driver's error as a cause, unless its text holds a secret."""
    return error if mask(str(error)) == str(error) else None
