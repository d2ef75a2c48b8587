"""About how many bytes DuckDB reads for some columns: from metadata alone, no row is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlbackfill.warehouse.protocol import Column, Relation, Session

_WIDTHS: Final = {
    "BOOLEAN": 1, "TINYINT": 1, "UTINYINT": 1, "SMALLINT": 2, "USMALLINT": 2, "INTEGER": 4,
    "UINTEGER": 4, "FLOAT": 4, "DATE": 4, "BIGINT": 8, "UBIGINT": 8, "DOUBLE": 8, "TIME": 8,
    "DECIMAL": 8, "TIMESTAMP": 8, "TIMESTAMP WITH TIME ZONE": 8,
}  # fmt: skip
_UNITS: Final = {
    "bytes": 1, "byte": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50,
}  # fmt: skip
_WIDE: Final = 16
"""Of texts and all else: the size of DuckDB's own string header, which holds short ones."""


def scan_bytes(
    session: Session, source: Relation | Sequence[str], columns: Sequence[Column]
) -> int | None:
    """The bytes of `columns` in a table, or in the files at the paths; None where it cannot be told.

    Parquet files say the size of each column, of other files all is read; of a table it is the
    number of rows that DuckDB estimates times the width of the types. None for a view.
    """
    if isinstance(source, Relation):
        rows = session.execute(
            "SELECT estimated_size FROM duckdb_tables() WHERE lower(database_name) = lower(?) "
            "AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)",
            (source.database, source.schema, source.identifier),
        )
        row_bytes = sum(width(column.type) for column in columns)
        return int(rows[0][0]) * row_bytes if rows and rows[0][0] is not None else None
    parquet = [path for path in source if path.lower().endswith((".parquet", ".pq"))]
    rest = sum(Path(path).stat().st_size for path in source if path not in parquet)
    return rest + _parquet_bytes(session, parquet, columns)


def memory_bytes(session: Session) -> int | None:
    """What `memory_limit` allows, of which DuckDB prints one decimal; None where there is no limit."""
    [[text]] = session.execute("SELECT current_setting('memory_limit')")
    number, _, unit = str(text).partition(" ")
    try:
        return int(float(number) * _UNITS[unit])
    except (KeyError, ValueError, OverflowError):
        return None


def _parquet_bytes(session: Session, paths: Sequence[str], columns: Sequence[Column]) -> int:
    if not paths or not columns:
        return 0
    listed = ", ".join("?" * len(paths))
    names = ", ".join("?" * len(columns))
    [[total]] = session.execute(
        f"SELECT coalesce(sum(total_compressed_size), 0) FROM parquet_metadata([{listed}]) "
        f"WHERE lower(split_part(path_in_schema, ', ', 1)) IN ({names})",
        (*paths, *(column.name.lower() for column in columns)),
    )
    return int(total)


def width(kind: str) -> int:
    """The bytes of one value of the engine's type `kind` in memory; of texts, of the short ones."""
    return _WIDTHS.get(re.sub(r"[(\[].*", "", kind), _WIDE)
