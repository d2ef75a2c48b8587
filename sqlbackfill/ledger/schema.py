"""The ledger's tables: their columns, and the migrations that bring an older ledger forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlbackfill import __version__
from sqlbackfill.dataclass import dataclass
from sqlbackfill.errors import Diagnostic, SqlbackfillError, WarehouseError
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

RELATION_COLUMNS = ("database_name", "schema_name", "table_name")

ISLAND = (
    ("seq", "BIGINT"),
    ("database_name", "VARCHAR"),
    ("schema_name", "VARCHAR"),
    ("table_name", "VARCHAR"),
    ("table_identity", "VARCHAR"),
    ("key_space", "VARCHAR"),
    ("start_ordinal", "BIGINT"),
    ("end_ordinal", "BIGINT"),
    ("start_key", "VARCHAR"),
    ("end_key", "VARCHAR"),
    ("model", "VARCHAR"),
    ("action", "VARCHAR"),
    ("run_id", "VARCHAR"),
    ("plan_id", "VARCHAR"),
    ("chunk", "BIGINT"),
    ("fingerprint", "VARCHAR"),
    ("slices", "VARCHAR"),
    ("inputs", "VARCHAR"),
    ("row_count", "BIGINT"),
    ("finished_at", "VARCHAR"),
    ("analyser", "VARCHAR"),
)
DETAILS = (
    ("strategy", "VARCHAR"),
    ("seconds", "DOUBLE"),
    ("query_id", "VARCHAR"),
    ("scan_bytes", "BIGINT"),
    ("row_counts", "VARCHAR"),
    ("digests", "VARCHAR"),
    ("input_details", "VARCHAR"),
)
PARTITION_LOG = (*ISLAND, *DETAILS)
PARTITION_STATE = (
    ("database_name", "VARCHAR"),
    ("schema_name", "VARCHAR"),
    ("table_name", "VARCHAR"),
    ("covered_seq", "BIGINT"),
    ("islands", "VARCHAR"),
    ("written_at", "VARCHAR"),
)
CODE = (
    ("fingerprint", "VARCHAR"),
    ("code", "VARCHAR"),
    ("tool_version", "VARCHAR"),
    ("written_at", "VARCHAR"),
)
RUN = (
    ("seq", "BIGINT"),
    ("run_id", "VARCHAR"),
    ("plan_id", "VARCHAR"),
    ("plan_json", "VARCHAR"),
    ("status", "VARCHAR"),
    ("started_at", "VARCHAR"),
    ("finished_at", "VARCHAR"),
    ("pid", "BIGINT"),
    ("process_started", "DOUBLE"),
    ("host", "VARCHAR"),
    ("tool_version", "VARCHAR"),
    ("command", "VARCHAR"),
    ("partitions", "BIGINT"),
    ("estimated_seconds", "DOUBLE"),
    ("estimated_seconds_high", "DOUBLE"),
    ("estimated_bytes", "BIGINT"),
    ("estimated_cost_usd", "DOUBLE"),
    ("estimated_cost_usd_high", "DOUBLE"),
    ("seconds", "DOUBLE"),
    ("cost_usd", "DOUBLE"),
)
WITHOUT_COSTS = 13
"""So many columns a row of `run` had in version 2."""
RUN_CHUNK = (
    ("seq", "BIGINT"),
    ("log_seq", "BIGINT"),
    ("run_id", "VARCHAR"),
    ("model", "VARCHAR"),
    ("database_name", "VARCHAR"),
    ("schema_name", "VARCHAR"),
    ("table_name", "VARCHAR"),
    ("chunk", "BIGINT"),
    ("key_space", "VARCHAR"),
    ("start_ordinal", "BIGINT"),
    ("end_ordinal", "BIGINT"),
    ("start_key", "VARCHAR"),
    ("end_key", "VARCHAR"),
    ("status", "VARCHAR"),
    ("code", "VARCHAR"),
    ("message", "VARCHAR"),
    ("row_count", "BIGINT"),
    ("seconds", "DOUBLE"),
    ("finished_at", "VARCHAR"),
)
LEASE = (
    ("database_name", "VARCHAR"),
    ("schema_name", "VARCHAR"),
    ("table_name", "VARCHAR"),
    ("token", "BIGINT"),
    ("owner", "VARCHAR"),
    ("host", "VARCHAR"),
    ("pid", "BIGINT"),
    ("process_started", "DOUBLE"),
    ("acquired_at", "VARCHAR"),
    ("expires_at", "VARCHAR"),
)
META = (("version", "BIGINT"), ("applied_at", "VARCHAR"), ("tool_version", "VARCHAR"))

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger lives: the schema of one database, and how its tables print as SQL."""

    adapter: Adapter
    database: str
    schema: str

    def relation(self, table: str) -> Relation:
        return Relation(self.database, self.schema, table)

    def sql(self, table: str) -> str:
        return self.adapter.quote(self.relation(table))


@dataclass(frozen=True, slots=True)
class Migration:
    """One step forward to `version`. Its statements may be met half done, so `statements` looks."""

    version: int
    statements: Callable[[Place, Session], tuple[str, ...]]


def names(columns: Columns) -> tuple[str, ...]:
    """The columns' names, in order."""
    return tuple(name for name, _type in columns)


def _tables(place: Place, _session: Session) -> tuple[str, ...]:
    """Plain types only, no keys and no defaults: what Snowflake and DuckDB share."""
    tables = {
        "partition_log": PARTITION_LOG,
        "partition_state": PARTITION_STATE,
        "code": CODE,
        "run": RUN,
        "run_chunk": RUN_CHUNK,
        "lease": LEASE,
    }
    made = tuple(_create(place, table, columns) for table, columns in tables.items())
    # The row that every acquirer of a lease updates first, so that two of them conflict.
    counter = (
        f"INSERT INTO {place.sql('lease')} (table_name, token) SELECT '', 0 "
        f"WHERE NOT EXISTS (SELECT 1 FROM {place.sql('lease')} WHERE table_name = '')"
    )
    return (*made, counter)


def _islands_for_points(place: Place, session: Session) -> tuple[str, ...]:
    """Version 2: a row is no longer a partition but consecutive ones; each old row stands for one."""
    log, copied = place.sql("partition_log"), place.sql("partition_log_2")
    renamed = f"ALTER TABLE {copied} RENAME TO {place.adapter.quote_name('partition_log')}"
    # A failure was recorded by numbers that, for integers, depended on where counting began.
    unlinked = (
        f"UPDATE {place.sql('run_chunk')} SET key_space = 'v1:' || key_space "
        "WHERE key_space LIKE 'integers:%'"
    )
    state = (
        _create(place, "partition_state", PARTITION_STATE),
        _create(place, "code", CODE),
    )
    there = session.table(place.relation("partition_log"))
    if there is None:
        return *state, renamed
    if not any(column.name == "partition_key" for column in there.columns):
        return state
    copy = f"CREATE OR REPLACE TABLE {copied} AS SELECT {_POINT_AS_ISLAND} FROM {log}"
    return *state, unlinked, copy, f"DROP TABLE {log}", renamed


# The number of an integer's partition counted from `begin`; its key, the first integer, does not.
_ABSOLUTE = (
    "CASE WHEN key_space LIKE 'integers:%' THEN (TRY_CAST(partition_key AS HUGEINT) "
    "- TRY_CAST(split_part(key_space, ':', 3) AS HUGEINT)) "
    "// TRY_CAST(split_part(key_space, ':', 2) AS HUGEINT) ELSE ordinal END"
)
_OF_OLD = {
    "start_ordinal": _ABSOLUTE,
    "end_ordinal": f"{_ABSOLUTE} + 1",
    "start_key": "partition_key",
    "end_key": "partition_key",
    "slices": "''",
    "row_counts": "CAST(row_count AS VARCHAR)",
    "digests": "''",
    "input_details": "''",
}
_POINT_AS_ISLAND = ", ".join(
    f"CAST({_OF_OLD.get(name, name)} AS {kind}) AS {name}" for name, kind in PARTITION_LOG
)


def _costs_of_runs(place: Place, _session: Session) -> tuple[str, ...]:
    """Version 3: what a run was estimated to cost, and what it came to."""
    run = place.sql("run")
    return tuple(
        f"ALTER TABLE {run} ADD COLUMN IF NOT EXISTS {name} {kind}"
        for name, kind in RUN[WITHOUT_COSTS:]
    )


NEWEST = Migration(3, _tables)
_WITH_CODE = 2
MIGRATIONS = (Migration(2, _islands_for_points), Migration(3, _costs_of_runs))


def current_version() -> int:
    """The version that this release writes."""
    return MIGRATIONS[-1].version


def read_version(session: Session, place: Place) -> int:
    """The version of the ledger in the database: 0 where there is none, or only its beginnings.

    Version 2 came without `code` at first: such a ledger counts as older, so that it is made.
    """
    meta, code = place.relation("meta"), place.relation("code")
    found = session.tables([meta, code])
    if meta not in found:
        return 0
    version = int(session.execute(f"SELECT max(version) FROM {place.sql('meta')}")[0][0] or 0)
    return 1 if version == _WITH_CODE and code not in found else version


def check_version(version: int) -> None:
    """Raises WarehouseError LEDGER_TOO_NEW or LEDGER_TOO_OLD unless this release reads `version`."""
    if version > current_version():
        raise WarehouseError(
            Diagnostic(
                code="LEDGER_TOO_NEW",
                message=f"the ledger has version {version}, "
                f"and sqlbackfill {__version__} knows versions up to {current_version()}",
                fix="pip install --upgrade sqlbackfill",
            )
        )
    if version < current_version():
        raise WarehouseError(
            Diagnostic(
                code="LEDGER_TOO_OLD",
                message=f"the ledger has version {version}, "
                f"and sqlbackfill {__version__} reads version {current_version()}",
                fix="`sqlbackfill run --yes` and `resume` migrate it, and say so",
            )
        )


def migrate(session: Session, place: Place, now: Callable[[], datetime]) -> None:
    """Brings the ledger to the current version, a transaction per step where DDL takes part in one.

    Raises WarehouseError LEDGER_TOO_NEW, or LEDGER_NOT_PERMITTED with the grant that cures it.
    """
    version = read_version(session, place)
    if version > current_version():
        check_version(version)
    if version == current_version():
        return
    try:
        if version == 0:
            _make_meta(session, place)
            _apply(session, place, NEWEST, now)
            version = NEWEST.version
        for migration in MIGRATIONS:
            if migration.version > version:
                _apply(session, place, migration, now)
    except WarehouseError as error:
        if error.diagnostics[0].code == "PERMISSION_DENIED":
            raise _not_permitted(place, error) from error
        raise


def _make_meta(session: Session, place: Place) -> None:
    adapter = place.adapter
    schema = f"{adapter.quote_name(place.database)}.{adapter.quote_name(place.schema)}"
    session.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    session.execute(_create(place, "meta", META))


def _apply(
    session: Session, place: Place, migration: Migration, now: Callable[[], datetime]
) -> None:
    applied = (migration.version, now().isoformat(), __version__)
    note = f"INSERT INTO {place.sql('meta')} (version, applied_at, tool_version) VALUES (?, ?, ?)"
    if not place.adapter.transactional_ddl:
        for statement in migration.statements(place, session):
            session.execute(statement)
        session.execute(note, applied)
        return
    session.begin()
    try:
        for statement in migration.statements(place, session):
            session.execute(statement)
        session.execute(note, applied)
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _create(place: Place, table: str, columns: Columns) -> str:
    body = ", ".join(f"{name} {kind}" for name, kind in columns)
    return f"CREATE TABLE IF NOT EXISTS {place.sql(table)} ({body})"


def _not_permitted(place: Place, error: SqlbackfillError) -> WarehouseError:
    database, schema = place.database, place.schema
    return WarehouseError(
        Diagnostic(
            code="LEDGER_NOT_PERMITTED",
            message=f"the ledger cannot be made in {database}.{schema}: "
            f"{error.diagnostics[0].message}",
            fix=f"GRANT CREATE SCHEMA ON DATABASE {place.adapter.quote_name(database)} "
            "TO ROLE <the role of this target>; or set `ledger_schema` in profiles.yml to a schema "
            "that it may write",
        )
    )
