"""DuckDB as a warehouse: opens the file in the mode that is needed, hands out sessions, makes tables.

What a session does is `duckdb_session`'s, what an error means `duckdb_failures`'.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Collection, Sequence
from enum import Enum
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlbackfill.errors import Diagnostic, SqlbackfillError, WarehouseError
from sqlbackfill.warehouse.duckdb_opening import (
    check_place,
    opening_error,
    preparing,
    quote_text,
    setting_error,
)
from sqlbackfill.warehouse.duckdb_profile import (
    IN_MEMORY,
    DuckDBTarget,
    read_duckdb_target,
)
from sqlbackfill.warehouse.duckdb_session import DuckDBSession, quote_name, quote_relation
from sqlbackfill.warehouse.identity import new_identity, read_identity, with_identity
from sqlbackfill.warehouse.protocol import (
    Column,
    DigestSql,
    Relation,
    Session,
    Stage,
    TableKind,
    TableOptions,
    TableVersion,
)
from sqlbackfill.warehouse.sizes import ComputeSize, ScanSize, ZoneMap

__all__ = ["RESULT_SETTINGS", "DuckDBAdapter", "DuckDBTarget", "read_duckdb_target"]

RESULT_SETTINGS = (
    "binary_as_string",
    "calendar",
    "default_collation",
    "default_null_order",
    "default_order",
    "disable_timestamptz_casts",
    "ieee_floating_point_ops",
    "integer_division",
    "lambda_syntax",
    "old_implicit_casting",
    "order_by_non_integer_literal",
    "scalar_subquery_error_on_multiple_rows",
    "timezone",
)
"""Settings that change what a query returns. TimeZone is pinned to UTC; the others keep the engine's
default unless the profile sets them, and `result_settings` tells what is in force. Where unqualified
names are looked up counts only if the profile says so: models and sources print in full."""

_LOOKUP_SETTINGS = frozenset({"schema", "search_path"})

_SECRET_NAME = re.compile(r"secret|token|password|passphrase|key|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?i)((?:secret|token|password|access_key|signature|credential)\w*\s*[=:]\s*)[^\s&;,'\")]+"
)


class _Mode(Enum):
    ABSENT = "absent"
    READ = "read"
    WRITE = "write"


class DuckDBAdapter:
    """One DuckDB file, or a database in memory. Sessions share one instance of the engine.

    DuckDB lets a process hold a file in one mode only. Sessions for reading open it read-only, so
    that other readers get in too; the first session for writing closes and reopens it, and the
    reading sessions follow with their next statement. Once open for writing it stays so.
    """

    name = "duckdb"
    dialect = "duckdb"
    stages = False
    transactional_ddl = True
    explains = False
    rewrites = False

    def __init__(self, target: DuckDBTarget) -> None:
        self._target = target
        self._lock = threading.RLock()
        self._sessions: WeakSet[DuckDBSession] = WeakSet()
        self._engine: Any = None
        self._mode: _Mode | None = None
        self._footers: Any = None
        self._secrets = tuple(
            value
            for settings in (target.settings, target.config_options)
            for name, value in settings.items()
            if _SECRET_NAME.search(name) and value
        )

    @property
    def database(self) -> str:
        return self._target.database

    @property
    def path(self) -> Path | None:
        """The database's file, None for one in memory."""
        return self._target.path

    @property
    def exists(self) -> bool:
        path = self._target.path
        return self._engine is not None if path is None else path.exists()

    @property
    def declared_settings(self) -> dict[str, str]:
        known = {*RESULT_SETTINGS, *_LOOKUP_SETTINGS}
        found = {**self._target.config_options, **self._target.settings}
        return {name.lower(): text for name, text in found.items() if name.lower() in known}

    def session(self, *, read_only: bool = False) -> Session:
        """A session; a missing file is created only for writing, and by this call.

        Raises WarehouseError: DATABASE_LOCKED, DATABASE_READ_ONLY, NOT_A_DATABASE,
        DATABASE_VERSION, DATABASE_DAMAGED, DATABASE_IS_DIRECTORY, DIRECTORY_MISSING, DISK_FULL,
        PERMISSION_DENIED, EXTENSION_MISSING, INVALID_SETTING.
        """
        session = DuckDBSession(self._cursor, path=self._target.path, mask=self._mask)
        with self._lock:
            self._open(self._wanted_mode(read_only=read_only))
            self._sessions.add(session)
        return session

    def result_settings(self, session: Session) -> dict[str, str]:
        names = {*RESULT_SETTINGS, *(_LOOKUP_SETTINGS & self._target.settings.keys())}
        rows = session.execute(
            "SELECT lower(name), lower(coalesce(value, '')) FROM duckdb_settings() "
            f"WHERE lower(name) IN ({', '.join('?' * len(names))}) ORDER BY 1",
            tuple(names),
        )
        return {str(name): str(value) for name, value in rows}

    def user_functions(self, session: Session) -> dict[str, str]:
        rows = session.execute(
            "SELECT name, string_agg(body, '; ' ORDER BY body) FROM (SELECT lower(function_name) AS "
            "name, concat_ws(' ', database_name, schema_name, function_type, parameters::VARCHAR, "
            "macro_definition) AS body FROM duckdb_functions() WHERE NOT internal) "
            "GROUP BY name ORDER BY name"
        )
        return {str(name): str(text) for name, text in rows}

    def quote(self, relation: Relation) -> str:
        return quote_relation(relation)

    def quote_name(self, name: str) -> str:
        return quote_name(name)

    def digest_sql(self, columns: Sequence[Column], *, exact_floats: bool) -> DigestSql | None:
        from sqlbackfill.warehouse.duckdb_digest import digest_sql
        from sqlbackfill.warehouse.duckdb_engine import version

        return digest_sql(tuple(columns), engine_version=version, exact_floats=exact_floats)

    def scan_bytes(
        self, session: Session, source: Relation | Sequence[str], columns: Sequence[Column]
    ) -> int | None:
        from sqlbackfill.warehouse.duckdb_sizes import scan_bytes

        return scan_bytes(session, source, columns)

    def table_file(self, session: Session, relation: Relation) -> Path | None:
        from sqlbackfill.warehouse.duckdb_files import table_file

        return table_file(session, relation)

    def table_versions(
        self,
        session: Session,  # noqa: ARG002
        relations: Sequence[Relation],  # noqa: ARG002
    ) -> dict[Relation, TableVersion]:
        return {}  # it promises nothing of the kind

    def zones(
        self,
        session: Session,
        source: Relation | Sequence[str],
        columns: Sequence[Column],
        *,
        bounded: Collection[str] = (),  # noqa: ARG002 - it has those of all
    ) -> ZoneMap | None:
        from sqlbackfill.warehouse.duckdb_zones import Footers, zones

        self._footers = self._footers or Footers()
        return zones(session, source, columns, self._footers)

    def explain_scan(self, session: Session, query: str) -> ScanSize | None:  # noqa: ARG002
        return None  # its EXPLAIN guesses rows and tells no bytes: `zones` knows more

    def memory_bytes(self, session: Session) -> int | None:
        from sqlbackfill.warehouse.duckdb_sizes import memory_bytes

        return memory_bytes(session)

    def compute_size(self, session: Session) -> ComputeSize | None:  # noqa: ARG002
        return None  # nobody bills for it

    def stage(self, beside: Relation, name: str) -> Stage:  # noqa: ARG002
        table = quote_name(f"sqlbackfill_stage_{name}")
        return Stage(table=table, create=f"CREATE OR REPLACE TEMPORARY TABLE {table} AS")

    def drop_stages(self, session: Session, beside: Relation, prefix: str, keep: str) -> None:
        """Temporary tables end with their session."""

    def create_table(
        self,
        session: Session,
        relation: Relation,
        query: str,
        options: TableOptions = TableOptions(),  # noqa: ARG002, B008
    ) -> str:
        if session.table(relation) is not None:
            raise WarehouseError(
                Diagnostic(
                    code="TABLE_EXISTS",
                    message=f"{relation} is there already",
                    fix="run `sqlbackfill status` to see what it holds",
                )
            )
        columns = session.describe(query)
        schema = f"{quote_name(relation.database)}.{quote_name(relation.schema)}"
        identity, made = new_identity(), quote_relation(relation)
        session.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        # Not CREATE TABLE … AS … LIMIT 0: in DuckDB 2.0.0 a large parallel INSERT by the same
        # transaction into a table made so cannot be read back on that connection.
        body = ", ".join(f"{quote_name(column.name)} {column.type}" for column in columns)
        session.execute(f"CREATE TABLE {made} ({body})")
        session.execute(f"COMMENT ON TABLE {made} IS {quote_text(with_identity(None, identity))}")
        return identity

    def put_in_place(
        self, session: Session, fresh: Relation, target: Relation, *, is_over: bool
    ) -> None:
        between = f"{fresh.identifier}_"
        if is_over:
            session.execute(f"ALTER TABLE {quote_relation(target)} RENAME TO {quote_name(between)}")
        session.execute(
            f"ALTER TABLE {quote_relation(fresh)} RENAME TO {quote_name(target.identifier)}"
        )
        if is_over:
            old = quote_relation(Relation(target.database, target.schema, between))
            session.execute(f"ALTER TABLE {old} RENAME TO {quote_name(fresh.identifier)}")

    def add_identity(self, session: Session, relation: Relation) -> str:
        info = session.table(relation)
        if info is None:
            raise WarehouseError(
                Diagnostic(
                    code="TABLE_MISSING",
                    message=f"{relation} is not there",
                    fix="build it with `sqlbackfill run`",
                )
            )
        kind = "table" if info.kind is TableKind.TABLE else "view"
        comment = session.execute(
            f"SELECT comment FROM duckdb_{kind}s() WHERE lower(database_name) = lower(?) "
            f"AND lower(schema_name) = lower(?) AND lower({kind}_name) = lower(?)",
            (relation.database, relation.schema, relation.identifier),
        )[0][0]
        identity = read_identity(comment)
        if identity is None:
            identity = new_identity()
            text = quote_text(with_identity(comment, identity))
            session.execute(f"COMMENT ON {kind} {quote_relation(relation)} IS {text}")
        return identity

    def close(self) -> None:
        with self._lock:
            for session in list(self._sessions):
                session.close()
            self._sessions.clear()
            self._shut()

    def _cursor(self) -> Any:
        """A connection of the open engine with this warehouse's settings; opens it if it was closed."""
        with self._lock:
            if self._engine is None:
                self._open(self._wanted_mode(read_only=True))
            cursor = self._engine.cursor()
            try:
                self._prepare(cursor)
            except BaseException:
                cursor.close()
                raise
            return cursor

    def _wanted_mode(self, *, read_only: bool) -> _Mode:
        if not read_only or self._target.path is None or self._mode is _Mode.WRITE:
            return _Mode.WRITE
        return _Mode.READ if self.exists else _Mode.ABSENT

    def _open(self, mode: _Mode) -> None:
        if self._engine is not None and self._mode is mode:
            return
        for session in list(self._sessions):
            session.detach()
        self._shut()
        check_place(self._target.path, is_made=mode is _Mode.WRITE)
        try:
            self._engine = self._connect(mode)
        except SqlbackfillError:
            raise
        except Exception as error:  # noqa: BLE001 - every driver error becomes ours
            raise opening_error(error, self._target, self._mask) from None
        self._mode = mode

    def _connect(self, mode: _Mode) -> Any:
        from sqlbackfill.warehouse.duckdb_engine import open_engine

        config: dict[str, Any] = {"autoinstall_known_extensions": "false"}
        config.update(self._target.config_options)
        path = self._target.path
        if path is not None and mode is not _Mode.ABSENT:
            return open_engine(str(path), config, read_only=mode is _Mode.READ)
        engine = open_engine(IN_MEMORY, config)
        if self.database != "memory":
            engine.execute(f"ATTACH ':memory:' AS {quote_name(self.database)}")
        return engine

    def _prepare(self, cursor: Any) -> None:
        statements = [*preparing(self._target)]
        if self._target.path is None or self._mode is _Mode.ABSENT:
            statements.append(f"USE {quote_name(self.database)}")
        for sql in statements:
            try:
                cursor.execute(sql)
            except Exception as error:  # noqa: BLE001 - every driver error becomes ours
                raise setting_error(error, sql, self._target.path, self._mask) from None

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _SECRET_TEXT.sub(r"\1***", text)

    def _shut(self) -> None:
        engine, self._engine, self._mode = self._engine, None, None
        if engine is not None:
            with contextlib.suppress(Exception):
                engine.close()
