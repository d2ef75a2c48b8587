"""The test double that we ship: a real engine in memory that writes down every operation and can be
told to fail at any of them.

It is stricter than DuckDB where Snowflake is: see `transactional_ddl`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, SqlbackfillError, WarehouseError
from sqlbackfill.warehouse.protocol import (
    Adapter,
    Column,
    DigestSql,
    Relation,
    Session,
    Stage,
    TableInfo,
    TableOptions,
    TableVersion,
)
from sqlbackfill.warehouse.sizes import ComputeSize, ScanSize, ZoneMap

T = TypeVar("T")

_DDL = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(create|alter|drop|comment|truncate|attach|detach)\b",
    re.IGNORECASE | re.DOTALL,
)


class Moment(StrEnum):
    """When an injected failure strikes: with the operation undone, or done but unanswered."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as it was asked for: `number` counts from 1 over all sessions of the double.

    `sql` is BEGIN, COMMIT or ROLLBACK for those, the query for a describe, and
    `INSERT INTO name (columns) -- n rows` for rows handed over as values.
    """

    number: int
    session: int
    sql: str
    parameters: tuple[object, ...] = ()
    in_transaction: bool


def lost_connection() -> SqlbackfillError:
    """The failure that is injected unless another is given."""
    return WarehouseError(
        Diagnostic(
            code="CONNECTION_CLOSED",
            message="the connection to the warehouse was lost",
            fix="run the command that continues",
        )
    )


@dataclass(slots=True, kw_only=True)
class _Failure:
    at: int
    moment: Moment
    error: Callable[[], Exception]


@dataclass(slots=True)
class Script:
    """The operations so far, and the failures to come. Shared by all sessions of a double."""

    log: list[Operation] = field(default_factory=list)
    _failures: list[_Failure] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(
        self,
        at: int,
        *,
        moment: Moment = Moment.BEFORE,
        error: Callable[[], Exception] = lost_connection,
    ) -> None:
        """Makes the operation with number `at` raise, once."""
        self._failures.append(_Failure(at=at, moment=moment, error=error))

    def note(
        self, session: int, sql: str, parameters: Sequence[object], *, in_transaction: bool
    ) -> Operation:
        with self._lock:
            operation = Operation(
                number=len(self.log) + 1,
                session=session,
                sql=sql,
                parameters=tuple(parameters),
                in_transaction=in_transaction,
            )
            self.log.append(operation)
            return operation

    def strike(self, operation: Operation, moment: Moment) -> None:
        for failure in self._failures:
            if failure.at == operation.number and failure.moment is moment:
                self._failures.remove(failure)
                raise failure.error()


class DoubleSession:
    """A session of the double; hands everything on to the engine behind it."""

    def __init__(
        self, inner: Session, script: Script, number: int, *, ddl_rolls_back: bool
    ) -> None:
        self._inner = inner
        self._script = script
        self._number = number
        self._ddl_rolls_back = ddl_rolls_back
        self._broken = False

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def label(self, facts: Mapping[str, str]) -> None:
        self._inner.label(facts)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._do(sql, lambda: self._inner.execute(sql, parameters), parameters)

    def execute_count(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._do(sql, lambda: self._inner.execute_count(sql, parameters), parameters)

    def insert(
        self, relation: Relation, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> int:
        shown = f"INSERT INTO {relation} ({', '.join(columns)}) -- {len(rows)} rows"
        return self._do(shown, lambda: self._inner.insert(relation, columns, rows))

    def begin(self) -> None:
        self._do("BEGIN", self._inner.begin)

    def commit(self) -> None:
        if self._broken:
            self.rollback()
            raise WarehouseError(
                Diagnostic(
                    code="TRANSACTION_ABORTED",
                    message="a statement of the transaction failed, so it was rolled back",
                    fix="nothing of it was kept; run the command that continues",
                )
            )
        self._do("COMMIT", self._inner.commit)

    def rollback(self) -> None:
        if self._inner.in_transaction:
            self._script.note(self._number, "ROLLBACK", (), in_transaction=True)
        self._inner.rollback()
        self._broken = False

    def describe(self, query: str) -> tuple[Column, ...]:
        return self._do(query, lambda: self._inner.describe(query))

    def table(self, relation: Relation) -> TableInfo | None:
        return self._inner.table(relation)

    def tables(self, relations: Sequence[Relation]) -> dict[Relation, TableInfo]:
        return self._inner.tables(relations)

    def write_parquet(self, query: str, file: Path) -> int:
        return self._do(query, lambda: self._inner.write_parquet(query, file))

    def interrupt(self) -> None:
        self._inner.interrupt()

    def close(self) -> None:
        self._inner.close()

    def _do(self, sql: str, act: Callable[[], T], parameters: Sequence[object] = ()) -> T:
        within = self._inner.in_transaction
        operation = self._script.note(self._number, sql, parameters, in_transaction=within)
        try:
            self._refuse_ddl(sql, within=within)
            self._script.strike(operation, Moment.BEFORE)
            result = act()
            self._script.strike(operation, Moment.AFTER)
        except BaseException:
            self._broken = self._inner.in_transaction
            raise
        return result

    def _refuse_ddl(self, sql: str, *, within: bool) -> None:
        if within and not self._ddl_rolls_back and _DDL.match(sql):
            raise WarehouseError(
                Diagnostic(
                    code="DDL_IN_TRANSACTION",
                    message=f"DDL would commit the open transaction: {sql.split(maxsplit=3)[:3]}",
                    fix="this is a fault of sqlbackfill: please report it",
                )
            )


class DoubleAdapter:
    """Wraps `inner`, by default DuckDB in memory.

    With `transactional_ddl` false, DDL between BEGIN and COMMIT is refused, as it would commit the
    transaction on Snowflake; with `stages` true, chunks are computed into staging tables first.
    `explained` answers for a query in place of the engine's EXPLAIN, as `compute` does for its size.
    """

    name = "double"

    def __init__(
        self, inner: Adapter | None = None, *, transactional_ddl: bool = True, stages: bool = False
    ) -> None:
        self.inner = inner or _in_memory()
        self.script = Script()
        self.transactional_ddl = transactional_ddl
        self.stages = stages
        self.explained: Callable[[str], ScanSize | None] | None = None
        self.compute: ComputeSize | None = None
        self._numbers = count(1)

    @property
    def dialect(self) -> str:
        return self.inner.dialect

    @property
    def database(self) -> str:
        return self.inner.database

    @property
    def exists(self) -> bool:
        return self.inner.exists

    @property
    def explains(self) -> bool:
        return self.explained is not None or self.inner.explains

    @property
    def rewrites(self) -> bool:
        return self.inner.rewrites

    @property
    def log(self) -> tuple[Operation, ...]:
        """Every operation so far, in order."""
        return tuple(self.script.log)

    def fail(
        self,
        at: int,
        *,
        moment: Moment = Moment.BEFORE,
        error: Callable[[], Exception] = lost_connection,
    ) -> None:
        """Makes operation number `at`, counted from 1 over all sessions, raise once."""
        self.script.fail(at, moment=moment, error=error)

    @property
    def declared_settings(self) -> Mapping[str, str]:
        return self.inner.declared_settings

    def session(self, *, read_only: bool = False) -> Session:
        return DoubleSession(
            self.inner.session(read_only=read_only),
            self.script,
            next(self._numbers),
            ddl_rolls_back=self.transactional_ddl,
        )

    def result_settings(self, session: Session) -> dict[str, str]:
        return self.inner.result_settings(session)

    def user_functions(self, session: Session) -> dict[str, str]:
        return self.inner.user_functions(session)

    def quote(self, relation: Relation) -> str:
        return self.inner.quote(relation)

    def quote_name(self, name: str) -> str:
        return self.inner.quote_name(name)

    def digest_sql(self, columns: Sequence[Column], *, exact_floats: bool) -> DigestSql | None:
        return self.inner.digest_sql(columns, exact_floats=exact_floats)

    def scan_bytes(
        self, session: Session, source: Relation | Sequence[str], columns: Sequence[Column]
    ) -> int | None:
        return self.inner.scan_bytes(session, source, columns)

    def table_file(self, session: Session, relation: Relation) -> Path | None:
        return self.inner.table_file(session, relation)

    def table_versions(
        self, session: Session, relations: Sequence[Relation]
    ) -> Mapping[Relation, TableVersion]:
        return self.inner.table_versions(session, relations)

    def zones(
        self,
        session: Session,
        source: Relation | Sequence[str],
        columns: Sequence[Column],
        *,
        bounded: Collection[str] = (),
    ) -> ZoneMap | None:
        return self.inner.zones(session, source, columns, bounded=bounded)

    def explain_scan(self, session: Session, query: str) -> ScanSize | None:
        if self.explained is not None:
            return self.explained(query)
        return self.inner.explain_scan(session, query)

    def memory_bytes(self, session: Session) -> int | None:
        return self.inner.memory_bytes(session)

    def compute_size(self, session: Session) -> ComputeSize | None:
        return self.compute or self.inner.compute_size(session)

    def stage(self, beside: Relation, name: str) -> Stage:
        return self.inner.stage(beside, name)

    def drop_stages(self, session: Session, beside: Relation, prefix: str, keep: str) -> None:
        self.inner.drop_stages(session, beside, prefix, keep)

    def create_table(
        self,
        session: Session,
        relation: Relation,
        query: str,
        options: TableOptions = TableOptions(),  # noqa: B008 - a frozen value
    ) -> str:
        return self.inner.create_table(session, relation, query, options)

    def put_in_place(
        self, session: Session, fresh: Relation, target: Relation, *, is_over: bool
    ) -> None:
        self.inner.put_in_place(session, fresh, target, is_over=is_over)

    def add_identity(self, session: Session, relation: Relation) -> str:
        return self.inner.add_identity(session, relation)

    def close(self) -> None:
        self.inner.close()


def _in_memory() -> Adapter:
    from sqlbackfill.warehouse.duckdb import DuckDBAdapter, DuckDBTarget

    return DuckDBAdapter(DuckDBTarget())
