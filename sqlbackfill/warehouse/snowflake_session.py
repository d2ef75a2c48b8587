"""One connection to Snowflake: statements, transactions as SQL, reconnecting, cancelling.

What an error means is `snowflake_failures`', who signs in and how `snowflake_profile`'s.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlbackfill.errors import (
    Diagnostic,
    FailureKind,
    SqlbackfillError,
    TransientError,
    WarehouseError,
)
from sqlbackfill.warehouse.identity import read_identity
from sqlbackfill.warehouse.parquet_file import write_parquet
from sqlbackfill.warehouse.protocol import Column, Relation, TableInfo, TableKind
from sqlbackfill.warehouse.snowflake_failures import Failure, read_failure, translate
from sqlbackfill.warehouse.snowflake_names import (
    quote_name,
    quote_relation,
    stored_name,
    stored_relation,
)

_DDL = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(create|alter|drop|comment|truncate|undrop|use|grant|revoke)\b",
    re.IGNORECASE | re.DOTALL,
)
_TWICE_IS_ONCE = re.compile(r"\s*(select|with|show|explain|begin)\b", re.IGNORECASE)
_BATCH_ROWS = 10_000
_MOST_VALUES = 16_000
"""Snowflake takes at most 16,384 expressions in one list."""
_TYPES: Final[Mapping[int, str]] = {
    1: "FLOAT", 2: "VARCHAR", 3: "DATE", 4: "TIMESTAMP_NTZ", 5: "VARIANT", 6: "TIMESTAMP_LTZ",
    7: "TIMESTAMP_TZ", 8: "TIMESTAMP_NTZ", 9: "OBJECT", 10: "ARRAY", 11: "BINARY", 12: "TIME",
    13: "BOOLEAN", 14: "GEOGRAPHY", 15: "GEOMETRY", 16: "VECTOR",
}  # fmt: skip
"""https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api#type-codes"""
_FIXED = 0
_ZONED = frozenset({6, 7})
_STORED = {"TEXT": "VARCHAR", "REAL": "FLOAT", "DOUBLE": "FLOAT", "FIXED": "NUMBER"}
_TABLES = """
SELECT table_catalog, table_schema, table_name, 'table' AS what, comment AS text, NULL AS kind, 0 AS scale, 0 AS at
FROM {database}.INFORMATION_SCHEMA.TABLES WHERE table_type <> 'VIEW' AND table_name IN ({marks})
UNION ALL
SELECT table_catalog, table_schema, table_name, 'view', comment, NULL, 0, 0
FROM {database}.INFORMATION_SCHEMA.VIEWS WHERE table_name IN ({marks})
UNION ALL
SELECT table_catalog, table_schema, table_name, 'column', column_name, data_type, numeric_scale, ordinal_position
FROM {database}.INFORMATION_SCHEMA.COLUMNS WHERE table_name IN ({marks})
"""
Connect = Callable[[], Any]


class SnowflakeSession:
    """One connection, made by the first statement and made anew where it was lost.

    `lost` is shared by all sessions of an adapter: the numbers of those lost within a transaction.

    Outside a transaction, what is sure not to have been executed, or only reads, is sent once more on
    a new connection. Inside one it is a TransientError: the transaction is gone with its session.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        mask: Callable[[str], str],
        cancel: Callable[[int], None],
        lost: set[int],
    ) -> None:
        self._connect = connect
        self._mask = mask
        self._cancel = cancel
        self._connection: Any = None
        self._number: int | None = None
        self._lost = lost
        self._tag: str | None = None
        self._in_transaction = False
        self._aborted = False
        self._cancelling = threading.Lock()

    @property
    def in_transaction(self) -> bool:
        return self._in_transaction

    def label(self, facts: Mapping[str, str]) -> None:
        import json

        # Snowflake takes 2,000 characters.
        short = {name: value[:400] for name, value in facts.items()}
        self._tag = json.dumps({"app": "sqlbackfill", **short}, separators=(",", ":"))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._statement(sql, parameters) as cursor:
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            zoned = [at for at, each in enumerate(cursor.description) if each[1] in _ZONED]
        return [_in_utc(row, zoned) for row in rows] if zoned else rows

    def execute_count(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with self._statement(sql, parameters) as cursor:
            return int(cursor.rowcount or 0)

    def insert(
        self, relation: Relation, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> int:
        # Values in the statement, not an array to bind: for a large one the connector makes a stage,
        # and DDL would commit the transaction.
        names = ", ".join(quote_name(name) for name in columns)
        one = f"({', '.join('?' * len(columns))})"
        at_once = max(1, _MOST_VALUES // len(columns))
        written = 0
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            written += self.execute_count(
                f"INSERT INTO {quote_relation(relation)} ({names}) VALUES "
                f"{', '.join([one] * len(some))}",
                [value for row in some for value in row],
            )
        return written

    def begin(self) -> None:
        self._run("BEGIN", ())
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
            self._run("COMMIT", ())
        except SqlbackfillError:
            self.rollback()
            raise
        self._in_transaction = False

    def rollback(self) -> None:
        was_open, self._in_transaction, self._aborted = self._in_transaction, False, False
        if was_open and self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.cursor().execute("ROLLBACK")

    def describe(self, query: str) -> tuple[Column, ...]:
        text = query.strip().rstrip(";")
        try:
            with self._failing():
                found = self._open().cursor().describe(text)
        except WarehouseError as error:
            if error.kind is FailureKind.DATA:  # no row was read: it is of the query itself
                error.of_kind(FailureKind.PERMANENT)
            raise
        return tuple(Column(_told(each[0]), _type(each[1], each[5])) for each in found)

    def table(self, relation: Relation) -> TableInfo | None:
        return self.tables((relation,)).get(relation)

    def tables(self, relations: Sequence[Relation]) -> dict[Relation, TableInfo]:
        asked = {relation: stored_relation(relation) for relation in relations}
        found: dict[Relation, tuple[str, str | None]] = {}
        columns: dict[Relation, list[tuple[int, Column]]] = {}
        for database in sorted({each.database for each in asked.values()}):
            names = sorted({e.identifier for e in asked.values() if e.database == database})
            for *parts, what, text, kind, scale, at in self._catalogue(database, names):
                actual = Relation(*parts)
                if what == "column":
                    column = Column(text, stored_type(kind, scale))
                    columns.setdefault(actual, []).append((int(at), column))
                else:
                    found[actual] = (what, text)
        return {
            relation: TableInfo(
                relation=actual,
                kind=TableKind(found[actual][0]),
                columns=tuple(column for _, column in sorted(columns.get(actual, []), key=_place)),
                identity=read_identity(found[actual][1]),
            )
            for relation, actual in sorted(asked.items())
            if actual in found
        }

    def write_parquet(self, query: str, file: Path) -> int:
        with self._statement(query, ()) as cursor:
            columns = [Column(each[0], _type(each[1], each[5])) for each in cursor.description]
            batches = iter(lambda: cursor.fetchmany(_BATCH_ROWS), [])
            return write_parquet(columns, batches, file)

    def interrupt(self) -> None:
        """Asks the server, over another connection, to give up what runs here."""
        number = self._number
        if number is None or not self._cancelling.acquire(blocking=False):
            return
        try:
            with contextlib.suppress(SqlbackfillError):
                self._cancel(number)
        finally:
            self._cancelling.release()

    def close(self) -> None:
        self.rollback()
        self._let_go()

    def _let_go(self) -> None:
        connection, self._connection, self._number = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close(retry=False)

    def _catalogue(self, database: str, names: Sequence[str]) -> list[tuple[Any, ...]]:
        sql = _TABLES.format(database=quote_name(database), marks=", ".join("?" * len(names)))
        return self.execute(sql, [*names] * 3)

    @contextlib.contextmanager
    def _statement(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        """The cursor that ran `sql`; what fails while its rows are fetched is an error of `sql`."""
        cursor = self._run(sql, parameters)
        try:
            with self._failing():
                yield cursor
        finally:
            with contextlib.suppress(Exception):
                cursor.close()

    def _run(self, sql: str, parameters: Sequence[object]) -> Any:
        self._refuse_ddl(sql)
        try:
            return self._send(sql, parameters)
        except TransientError as error:
            is_safe = error.diagnostics[0].code == "SESSION_EXPIRED" or _TWICE_IS_ONCE.match(sql)
            if self._in_transaction or self._connection is not None or not is_safe:
                raise
        return self._send(sql, parameters)

    def _send(self, sql: str, parameters: Sequence[object]) -> Any:
        with self._failing():
            cursor = self._open().cursor()
            named = {"_statement_params": {"QUERY_TAG": self._tag}} if self._tag else {}
            return cursor.execute(sql, list(parameters) or None, **named)

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._connect()
            self._number = _session_number(self._connection)
            self._end_what_was_left()
        return self._connection

    def _end_what_was_left(self) -> None:
        """Ends sessions that were lost within a transaction: then that has an outcome, and no locks."""
        while self._lost:
            number = self._lost.pop()
            with contextlib.suppress(Exception):
                self._connection.cursor().execute(f"SELECT SYSTEM$ABORT_SESSION({number})")

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Turns the connector's errors into ours, and forgets a connection that is no more."""
        try:
            yield
        except SqlbackfillError:
            self._aborted = self._aborted or self._in_transaction
            raise
        except Exception as error:  # noqa: BLE001 - every driver error becomes ours
            self._aborted = self._in_transaction
            failure = read_failure(error, self._mask)
            if failure.loses_session:
                if self._in_transaction and self._number is not None:
                    self._lost.add(self._number)
                self._let_go()
            raise translate(failure) from _safe_cause(error, failure, self._mask)
        except BaseException:
            self._aborted = self._in_transaction
            raise

    def _refuse_ddl(self, sql: str) -> None:
        if self._in_transaction and _DDL.match(sql):
            self._aborted = True
            raise WarehouseError(
                Diagnostic(
                    code="DDL_IN_TRANSACTION",
                    message=f"DDL would commit the open transaction: {' '.join(sql.split()[:3])}",
                    fix="this is a fault of sqlbackfill: please report it",
                )
            )


def stored_type(kind: str, scale: object) -> str:
    """A type of the catalogue as we write it: lengths and precisions left out, which bound no value."""
    plain = _STORED.get(kind.upper(), kind.upper())
    return f"NUMBER(38,{int(str(scale or 0))})" if plain == "NUMBER" else plain


def _told(name: str) -> str:
    """A column's name; one that can only be had in quotes, for its case alone, is refused."""
    if stored_name(name) != name:
        raise WarehouseError(
            Diagnostic(
                code="QUOTED_CASE",
                message=f'the query gives a column "{name}", whose name has to be quoted',
                fix=f"name it without quotes: it is {name.upper()} then, as Snowflake stores it",
            )
        )
    return name


def _type(code: int, scale: object) -> str:
    return f"NUMBER(38,{int(str(scale or 0))})" if code == _FIXED else _TYPES.get(code, "VARIANT")


def _place(column: tuple[int, Column]) -> int:
    return column[0]


def _in_utc(row: tuple[Any, ...], zoned: Sequence[int]) -> tuple[Any, ...]:
    values = list(row)
    for at in zoned:
        if isinstance(values[at], datetime):
            values[at] = values[at].astimezone(UTC)
    return tuple(values)


def _session_number(connection: Any) -> int | None:
    """The session's number, for cancelling it; None where the connector does not know it."""
    number = getattr(connection, "session_id", None)
    if number is None:
        with contextlib.suppress(Exception):
            number = connection.cursor().execute("SELECT CURRENT_SESSION()").fetchone()[0]
    text = str(number)
    return int(text) if text.isdigit() else None


def _safe_cause(error: Exception, failure: Failure, mask: Callable[[str], str]) -> Exception | None:
    """The connector's error as a cause, unless its text holds a secret."""
    text = str(error)
    return error if failure.text and mask(text) == text else None
