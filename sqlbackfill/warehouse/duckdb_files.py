"""Which file a table of DuckDB lies in. Opens none."""

from __future__ import annotations

from pathlib import Path

from sqlbackfill.warehouse.protocol import Relation, Session


def table_file(session: Session, relation: Relation) -> Path | None:
    """The local file of the database that holds all rows of a table; None for anything else.

    That is a view, a table in memory, or one of a database that another engine keeps.
    """
    rows = session.execute(
        "SELECT d.path FROM duckdb_tables() AS t JOIN duckdb_databases() AS d USING (database_oid) "
        "WHERE lower(t.database_name) = lower(?) AND lower(t.schema_name) = lower(?) "
        "AND lower(t.table_name) = lower(?) AND NOT t.temporary AND lower(d.type) = 'duckdb'",
        (relation.database, relation.schema, relation.identifier),
    )
    if len(rows) != 1 or not rows[0][0]:
        return None
    file = Path(str(rows[0][0])).absolute()
    return file if file.is_file() else None
