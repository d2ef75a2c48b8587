"""What Snowflake's catalogue says of when tables last changed. Reads no row and uses no warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlbackfill.errors import TransientError, WarehouseError
from sqlbackfill.warehouse.protocol import Relation, Session, TableVersion
from sqlbackfill.warehouse.snowflake_names import quote_name, stored_relation

MARGIN: Final = timedelta(seconds=10)
"""How old a change must be before an equal time proves that there was no other: times have steps of
a millisecond, and the clocks of the service need not be one."""

_VERSIONS: Final = """
SELECT table_schema, table_name, last_altered, created, row_count, bytes,
  CURRENT_ROLE() AS role, CURRENT_TIMESTAMP() AS now
FROM {database}.INFORMATION_SCHEMA.TABLES
WHERE table_name IN ({marks}) AND table_type = 'BASE TABLE'
  AND is_temporary = 'NO' AND is_iceberg = 'NO' AND is_dynamic = 'NO' AND is_hybrid = 'NO'
  AND table_catalog IN (
    SELECT database_name FROM {database}.INFORMATION_SCHEMA.DATABASES WHERE type = 'STANDARD'
  )
"""
"""LAST_ALTERED moves with DML that changes no row, with DDL and with upkeep in the background too
(https://docs.snowflake.com/en/sql-reference/info-schema/tables). Not taken at its word: views,
shared databases, and tables whose rows are kept or made in other ways."""


def table_versions(session: Session, relations: Sequence[Relation]) -> dict[Relation, TableVersion]:
    """The versions of those of `relations` that have one; none where the catalogue cannot be read.

    A role is part of it, since policies may show each another table.
    """
    asked = {relation: stored_relation(relation) for relation in relations}
    found: dict[Relation, TableVersion] = {}
    for database in sorted({each.database for each in asked.values()}):
        names = sorted({each.identifier for each in asked.values() if each.database == database})
        sql = _VERSIONS.format(database=quote_name(database), marks=", ".join("?" * len(names)))
        try:
            rows = session.execute(sql, names)
        except TransientError:
            raise
        except WarehouseError:
            if session.in_transaction:
                raise
            continue
        for schema, table, *told in rows:
            version = _version(*told)
            if version is not None:
                found[Relation(database, schema, table)] = version
    return {relation: found[actual] for relation, actual in asked.items() if actual in found}


def _version(
    altered: Any, created: Any, rows: Any, size: Any, role: Any, now: Any
) -> TableVersion | None:
    if not isinstance(altered, datetime) or not isinstance(now, datetime) or rows is None:
        return None
    return TableVersion(
        text=f"altered:{altered.isoformat()} {created} {rows} {size} {role}",
        is_settled=altered < now - MARGIN,
    )
