"""What sqlbackfill needs of a warehouse: the seam that every adapter fills. No engine is imported here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

from sqlbackfill.dataclass import dataclass
from sqlbackfill.warehouse.sizes import ComputeSize, ScanSize, ZoneMap

STAGE_PREFIX: Final = "sqlbackfill_stage_"
"""Begins the name of every table that a run makes for itself."""


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A physical table or view by its three names, as the engine spells them (unquoted)."""

    database: str
    schema: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.database}.{self.schema}.{self.identifier}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation or of a query's result; `type` is the engine's own spelling."""

    name: str
    type: str


class TableKind(StrEnum):
    """What stands under a relation's name."""

    TABLE = "table"
    VIEW = "view"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInfo:
    """What stands under a relation's name now.

    `identity` is a token that changes when the table is dropped and made anew and survives ALTER,
    or None where the table carries none (it was made by another tool).
    """

    relation: Relation
    kind: TableKind
    columns: tuple[Column, ...]
    identity: str | None


@dataclass(frozen=True, slots=True)
class TableVersion:
    """What an engine that promises it of every change says of a table's: two that differ in `text`.

    Equal ones prove an unchanged table if `is_settled` held of the first: no later change can bear
    its time.
    """

    text: str
    is_settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSql:
    """Two aggregates, each a text of digits, that with COUNT(*) tell the content of rows apart.

    They do not depend on the order of rows and add up over disjoint sets of rows. `tag` names all
    that they depend on besides the rows: engine, version, function, columns and their types.
    Digests of another tag cannot be compared.
    """

    tag: str
    first_sum: str
    second_sum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A table of a chunk's own: `create` is what stands before its query, `table` its quoted name."""

    table: str
    create: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How a table is to be stored, where the engine has a choice.

    `cluster_by` are expressions in SQL. A transient table has no fail-safe period.
    """

    cluster_by: tuple[str, ...] = ()
    is_transient: bool = True


class Session(Protocol):
    """One connection, used by one thread at a time. Every driver error leaves it as ours.

    After an error inside a transaction, roll back: `commit` then refuses.
    """

    @property
    def in_transaction(self) -> bool:
        """Whether `begin` was called and neither `commit` nor `rollback` since."""

    def label(self, facts: Mapping[str, str]) -> None:
        """Says what the statements from here on are for, to engines that keep that with a query."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement; `?` marks parameters.

        A TIMESTAMP WITH TIME ZONE comes back tz-aware, in UTC. Raises WarehouseError, with the
        place in `sql` where the engine names one; TransientError where the same transaction, tried
        again from its start, may pass; CancelledError after `interrupt`.
        """

    def execute_count(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """The number of rows that a DELETE, INSERT or UPDATE changed."""

    def insert(
        self, relation: Relation, columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> int:
        """Appends `rows` of plain values (text, numbers, booleans, None) by the engine's fastest way.

        Every row has one value for each of `columns`; a column's values are of one type. Returns
        how many were written.
        """

    def begin(self) -> None:
        """Begins a transaction; there is none yet."""

    def commit(self) -> None:
        """Ends the transaction for good, or raises.

        Raises WarehouseError TRANSACTION_ABORTED, having rolled back, if a statement of this
        transaction failed. After any other error the outcome is unknown until it is read back.
        """

    def rollback(self) -> None:
        """Ends the transaction if there is one; never raises."""

    def describe(self, query: str) -> tuple[Column, ...]:
        """The columns that `query` would return, without running it."""

    def table(self, relation: Relation) -> TableInfo | None:
        """What stands under `relation`, or None."""

    def tables(self, relations: Sequence[Relation]) -> dict[Relation, TableInfo]:
        """The same for many at once, in one round trip; absent ones are left out."""

    def write_parquet(self, query: str, file: Path) -> int:
        """How many rows `query` gave, all of them now in a local Parquet file that is made anew."""

    def interrupt(self) -> None:
        """Cancels the statement that another thread runs on this session."""

    def close(self) -> None: ...


class Adapter(Protocol):
    """A warehouse that a target names. Connects on the first session, never before."""

    @property
    def name(self) -> str:
        """`duckdb`, `snowflake`: the profile's `type`."""

    @property
    def dialect(self) -> str:
        """The sqlglot dialect of the SQL that it takes."""

    @property
    def database(self) -> str:
        """The database that unqualified names mean; known before any session."""

    @property
    def stages(self) -> bool:
        """Whether a chunk is computed into a staging table before its transaction begins."""

    @property
    def transactional_ddl(self) -> bool:
        """Whether DDL rolls back with the transaction that holds it."""

    @property
    def exists(self) -> bool:
        """Whether the warehouse is there at all (a DuckDB file may not be made yet)."""

    @property
    def explains(self) -> bool:
        """Whether `explain_scan` may know anything, so that a query is worth rendering for it."""

    @property
    def rewrites(self) -> bool:
        """Whether a DELETE reads and writes anew all of every zone that it meets, not its rows alone."""

    @property
    def declared_settings(self) -> Mapping[str, str]:
        """The settings of the profile that change what a query returns, by lower-case name."""

    def session(self, *, read_only: bool = False) -> Session:
        """A new session. Read-only sessions never create the warehouse.

        Where there is none, a read-only session sees an empty one.
        """

    def result_settings(self, session: Session) -> dict[str, str]:
        """The settings that change what a query returns, with the values in force, sorted by name."""

    def user_functions(self, session: Session) -> dict[str, str]:
        """What defines the functions that no engine brings along, by lower-case name, sorted."""

    def quote(self, relation: Relation) -> str:
        """The relation as SQL, every part quoted."""

    def quote_name(self, name: str) -> str:
        """One identifier as SQL, quoted."""

    def digest_sql(self, columns: Sequence[Column], *, exact_floats: bool) -> DigestSql | None:
        """The aggregates for a digest of `columns`; None where one of them has no content digest.

        With `exact_floats` floating-point numbers count too, which is right for rows that were
        loaded, but not for results: a sum of them comes out differently from run to run.
        """

    def scan_bytes(
        self, session: Session, source: Relation | Sequence[str], columns: Sequence[Column]
    ) -> int | None:
        """About how many bytes a scan of `columns` reads; None where the engine cannot say.

        `source` is a table, or the paths of local files. No row is read.
        """

    def table_file(self, session: Session, relation: Relation) -> Path | None:
        """The local file that holds all rows of a table; None for a view, or without such a file.

        No other process writes to it while `session` is open.
        """

    def table_versions(
        self, session: Session, relations: Sequence[Relation]
    ) -> Mapping[Relation, TableVersion]:
        """The versions of tables by the engine's own account, in one round trip a database.

        Without those of which it promises nothing (views, all of DuckDB's). No row is read.
        """

    def zones(
        self,
        session: Session,
        source: Relation | Sequence[str],
        columns: Sequence[Column],
        *,
        bounded: Collection[str] = (),
    ) -> ZoneMap | None:
        """How `columns` of a table, or of the local files at the paths, are stored, by zone.

        None where the engine cannot say (a view). `bounded` are the lower-case names of columns by
        which queries are filtered: an engine that has to be asked for the bounds of each gives
        those. One that tells no more than a table's total gives one zone without bounds. No row is
        read, and nothing is billed.
        """

    def explain_scan(self, session: Session, query: str) -> ScanSize | None:
        """What `query` would read by the engine's own account; it is compiled, never run.

        None where the engine does not say, or says nothing that can be relied on (Snowflake's 0 of
        0 partitions, which may be a folded query). Raises WarehouseError for a query that does not
        compile, such as one that reads a table which is not there yet.
        """

    def memory_bytes(self, session: Session) -> int | None:
        """How much memory the queries of one process share; None where the engine sees to it."""

    def compute_size(self, session: Session) -> ComputeSize | None:
        """The size of what bills for queries of `session`; None where nothing does."""

    def stage(self, beside: Relation, name: str) -> Stage:
        """A table for rows on their way into `beside`. `name` is unique and a plain identifier.

        It may outlive its session: whoever makes it drops it.
        """

    def drop_stages(self, session: Session, beside: Relation, prefix: str, keep: str) -> None:
        """Drops the stages beside a relation that are called `prefix…`, but those `prefix` `keep…`.

        Runs DDL. Does nothing where stages end with their session.
        """

    def create_table(
        self,
        session: Session,
        relation: Relation,
        query: str,
        options: TableOptions = TableOptions(),  # noqa: B008 - a frozen value
    ) -> str:
        """Makes an empty table with the columns of `query` (and its schema); returns its new identity.

        Raises WarehouseError TABLE_EXISTS if something stands under that name.
        """

    def put_in_place(
        self, session: Session, fresh: Relation, target: Relation, *, is_over: bool
    ) -> None:
        """Has the table `fresh` called `target`, which is of the same schema.

        With `is_over` there is a table of that name, which is called as `fresh` was then: in one
        statement where DDL commits by itself.
        """

    def add_identity(self, session: Session, relation: Relation) -> str:
        """Gives a table or view that another tool made an identity, or returns the one it has."""

    def close(self) -> None:
        """Closes every session; a later `session` connects anew."""
