"""Snowflake as a warehouse: signs in, hands out sessions, makes tables.

What a session does is `snowflake_session`'s, what an error means `snowflake_failures`'.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlbackfill.errors import Diagnostic, TransientError, WarehouseError
from sqlbackfill.warehouse.identity import new_identity, with_identity
from sqlbackfill.warehouse.protocol import (
    STAGE_PREFIX,
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
from sqlbackfill.warehouse.snowflake_failures import read_failure, translate
from sqlbackfill.warehouse.snowflake_names import quote_exactly, quote_name, quote_relation
from sqlbackfill.warehouse.snowflake_profile import (
    PINNED_PARAMETERS,
    SnowflakeTarget,
    read_snowflake_target,
)
from sqlbackfill.warehouse.snowflake_session import SnowflakeSession

__all__ = ["SnowflakeAdapter", "SnowflakeTarget", "read_snowflake_target"]

_STAGE = STAGE_PREFIX.upper()
_PAUSE_S = 1.0


class SnowflakeAdapter:
    """One account of Snowflake, as one role. Every session is a connection of its own."""

    name = "snowflake"
    dialect = "snowflake"
    stages = True
    transactional_ddl = False
    exists = True
    explains = True
    rewrites = True

    def __init__(self, target: SnowflakeTarget) -> None:
        self._target = target
        self._sessions: WeakSet[SnowflakeSession] = WeakSet()
        self._lost: set[int] = set()
        self._cancelling = threading.Lock()
        self._canceller: SnowflakeSession | None = None

    @property
    def database(self) -> str:
        return self._target.database

    @property
    def declared_settings(self) -> Mapping[str, str]:
        return {}  # every one that counts is pinned

    def session(self, *, read_only: bool = False) -> Session:  # noqa: ARG002
        """A session, which connects with its first statement.

        That raises WarehouseError SIGN_IN_REFUSED, CONNECTION_REFUSED, DRIVER_MISSING, and
        TransientError CONNECTION_LOST.
        """
        session = SnowflakeSession(
            self._connect, mask=self._mask, cancel=self._cancel, lost=self._lost
        )
        self._sessions.add(session)
        return session

    def result_settings(self, session: Session) -> dict[str, str]:  # noqa: ARG002
        found = {name: str(value).lower() for name, value in PINNED_PARAMETERS.items()}
        return dict(sorted(found.items()))

    def user_functions(self, session: Session) -> dict[str, str]:  # noqa: ARG002
        return {}  # not read yet: who calls one counts as volatile

    def quote(self, relation: Relation) -> str:
        return quote_relation(relation)

    def quote_name(self, name: str) -> str:
        return quote_name(name)

    def digest_sql(self, columns: Sequence[Column], *, exact_floats: bool) -> DigestSql | None:
        from sqlbackfill.warehouse.snowflake_digest import digest_sql

        return digest_sql(columns, quote_name, exact_floats=exact_floats)

    def scan_bytes(
        self, session: Session, source: Relation | Sequence[str], columns: Sequence[Column]
    ) -> int | None:
        from sqlbackfill.warehouse.snowflake_sizes import scan_bytes

        return scan_bytes(session, source, columns)

    def table_file(self, session: Session, relation: Relation) -> Path | None:  # noqa: ARG002
        return None

    def table_versions(
        self, session: Session, relations: Sequence[Relation]
    ) -> Mapping[Relation, TableVersion]:
        from sqlbackfill.warehouse.snowflake_versions import table_versions

        return table_versions(session, relations)

    def zones(
        self,
        session: Session,
        source: Relation | Sequence[str],
        columns: Sequence[Column],
        *,
        bounded: Collection[str] = (),
    ) -> ZoneMap | None:
        from sqlbackfill.warehouse.snowflake_sizes import zones

        return zones(session, source, columns, bounded)

    def explain_scan(self, session: Session, query: str) -> ScanSize | None:
        from sqlbackfill.warehouse.snowflake_sizes import explain_scan

        return explain_scan(session, query)

    def memory_bytes(self, session: Session) -> int | None:  # noqa: ARG002
        return None  # what does not fit is spilled

    def compute_size(self, session: Session) -> ComputeSize | None:
        from sqlbackfill.warehouse.snowflake_sizes import compute_size

        return compute_size(session)

    def stage(self, beside: Relation, name: str) -> Stage:
        table = quote_relation(Relation(beside.database, beside.schema, f"{_STAGE}{name.upper()}"))
        return Stage(table=table, create=f"CREATE OR REPLACE TRANSIENT TABLE {table} AS")

    def drop_stages(self, session: Session, beside: Relation, prefix: str, keep: str) -> None:
        start = f"{_STAGE}{prefix.upper()}"
        schema = f"{quote_name(beside.database)}.INFORMATION_SCHEMA.TABLES"
        found = session.execute(
            f"SELECT table_schema, table_name FROM {schema} WHERE STARTSWITH(table_name, ?)",
            (start,),
        )
        for stored_schema, table in found:
            if not str(table).startswith(f"{start}{keep.upper()}"):
                left = Relation(beside.database, stored_schema, table)
                session.execute(f"DROP TABLE IF EXISTS {quote_relation(left)}")

    def create_table(
        self,
        session: Session,
        relation: Relation,
        query: str,
        options: TableOptions = TableOptions(),  # noqa: B008 - a frozen value
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
        session.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        identity = new_identity()
        body = ", ".join(f"{quote_name(column.name)} {column.type}" for column in columns)
        kind = "TRANSIENT TABLE" if options.is_transient else "TABLE"
        cluster = f" CLUSTER BY ({', '.join(options.cluster_by)})" if options.cluster_by else ""
        # The comment in the same statement: no table of ours is ever without its identity.
        session.execute(
            f"CREATE {kind} {quote_relation(relation)} ({body}){cluster} "
            f"COMMENT = {_text(with_identity(None, identity))}"
        )
        return identity

    def put_in_place(
        self, session: Session, fresh: Relation, target: Relation, *, is_over: bool
    ) -> None:
        # The new name in full: alone it would mean one in the session's own schema.
        verb = "SWAP WITH" if is_over else "RENAME TO"
        session.execute(f"ALTER TABLE {quote_relation(fresh)} {verb} {quote_relation(target)}")

    def add_identity(self, session: Session, relation: Relation) -> str:
        info = session.table(relation)
        if info is None:
            raise WarehouseError(
                Diagnostic(
                    code="TABLE_MISSING",
                    message=f"{relation} is not there",
                    fix="see whether it was dropped meanwhile",
                )
            )
        if info.identity is not None:
            return info.identity
        identity = new_identity()
        kind = "VIEW" if info.kind is TableKind.VIEW else "TABLE"
        comment = self._comment(session, info.relation, kind)
        session.execute(
            f"COMMENT ON {kind} {_exact(info.relation)} IS "
            f"{_text(with_identity(comment, identity))}"
        )
        return identity

    def close(self) -> None:
        for session in list(self._sessions):
            session.close()
        with self._cancelling:
            if self._canceller is not None:
                self._canceller.close()

    def _comment(self, session: Session, relation: Relation, kind: str) -> str | None:
        rows = session.execute(
            f"SELECT comment FROM {quote_name(relation.database)}.INFORMATION_SCHEMA.{kind}S "
            "WHERE table_schema = ? AND table_name = ?",
            (relation.schema, relation.identifier),
        )
        return rows[0][0] if rows else None

    def _connect(self) -> Any:
        driver = _driver()
        arguments = self._target.arguments(str(driver.__version__))
        for pause_s in (*(_PAUSE_S,) * self._target.connect_retries, None):
            try:
                return driver.connect(**arguments)
            except Exception as error:  # noqa: BLE001 - every driver error becomes ours
                ours = translate(read_failure(error, self._mask))
                passes = isinstance(ours, TransientError) or self._target.retries_refusals
                if pause_s is None or not passes:
                    raise ours from None
                time.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    def _cancel(self, number: int) -> None:
        """Over one connection for all: signing in for each of many would outlast their patience."""
        with self._cancelling:
            if self._canceller is None:
                self._canceller = SnowflakeSession(
                    self._connect, mask=self._mask, cancel=_cancel_nothing, lost=set()
                )
            self._canceller.execute(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({number})")

    def _mask(self, text: str) -> str:
        for secret in self._target.secrets:
            text = text.replace(secret, "***")
        return text


def _driver() -> Any:
    try:
        import snowflake.connector
    except ImportError:
        raise WarehouseError(
            Diagnostic(
                code="DRIVER_MISSING",
                message="the target is of type snowflake, and its connector is not installed",
                fix="pip install 'sqlbackfill[snowflake]'",
            )
        ) from None
    return snowflake.connector


def _cancel_nothing(_number: int) -> None:
    """A session that only cancels is not cancelled."""


def _exact(relation: Relation) -> str:
    return ".".join(map(quote_exactly, (relation.database, relation.schema, relation.identifier)))


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
