"""What Snowflake tells of sizes without reading a row and without using a warehouse."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlbackfill.warehouse.protocol import Column, Relation, Session
from sqlbackfill.warehouse.sizes import ComputeSize, ScanSize, Zone, ZoneMap
from sqlbackfill.warehouse.snowflake_clustering import clustering, modelled
from sqlbackfill.warehouse.snowflake_names import quote_name, stored_relation

_SIZES: Final = frozenset(
    {"XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE"} | {f"{n}XLARGE" for n in (2, 3, 4, 5, 6)}
)
_SIZE_AT: Final = 3
"""https://docs.snowflake.com/en/sql-reference/sql/show-warehouses: name, state, type, size, …"""
_WIDTHS: Final = {"BOOLEAN": 1, "DATE": 4, "TIME": 8, "NUMBER": 8, "FLOAT": 8, "BINARY": 16}
_WIDE: Final = 16


def explain_scan(session: Session, query: str) -> ScanSize | None:
    """https://docs.snowflake.com/en/sql-reference/sql/explain: compiled, no warehouse, no credits.

    None for 0 of 0 partitions, which may be a query that was folded.
    """
    rows = session.execute(f"EXPLAIN USING JSON\n{query.strip().rstrip(';')}")
    try:
        stats: dict[str, Any] = json.loads(str(rows[0][0]))["GlobalStats"]
        partitions, scan_bytes = int(stats["partitionsAssigned"]), int(stats["bytesAssigned"])
        total = int(stats["partitionsTotal"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    if total == 0 or (partitions == 0 and scan_bytes == 0):
        return None
    return ScanSize(scan_bytes, partitions)


def compute_size(session: Session) -> ComputeSize | None:
    """The size of the session's warehouse; of an unknown size where the role may not see it."""
    found = session.execute("SELECT CURRENT_WAREHOUSE()")
    name = found[0][0] if found else None
    if not name:
        return None
    pattern = str(name).replace("\\", "\\\\").replace("'", "''")
    for row in session.execute(f"SHOW WAREHOUSES LIKE '{pattern}'"):
        size = re.sub(r"[^A-Z0-9]", "", str(row[_SIZE_AT] if len(row) > _SIZE_AT else "").upper())
        if row[0] == name and size in _SIZES:
            return ComputeSize(size)
    return ComputeSize()


def scan_bytes(
    session: Session, source: Relation | Sequence[str], columns: Sequence[Column]
) -> int | None:
    """The bytes of a table, shared out by the width of its columns; None for views and files."""
    found = zones(session, source, columns)
    if found is None:
        return None
    return sum(sum(zone.column_bytes.values()) for zone in found.zones)


def zones(
    session: Session,
    source: Relation | Sequence[str],
    columns: Sequence[Column],
    bounded: Collection[str] = (),
) -> ZoneMap | None:
    """A table's rows, and its bytes by the width of its columns, in zones by one of `bounded`.

    In one zone without bounds where its clustering is not asked for or not told.
    """
    if not isinstance(source, Relation):
        return None
    stored = stored_relation(source)
    rows = session.execute(
        f"SELECT row_count, bytes FROM {quote_name(stored.database)}.INFORMATION_SCHEMA.TABLES "
        "WHERE table_schema = ? AND table_name = ? AND table_type <> 'VIEW'",
        (stored.schema, stored.identifier),
    )
    if not rows or rows[0][0] is None or (rows[0][0] and not rows[0][1]):
        return None
    info = session.table(source)
    widths = {each.name.lower(): _width(each.type) for each in (info.columns if info else ())}
    total = sum(widths.values()) or 1
    wanted = {each.name.lower() for each in columns}
    shares = {name: int(rows[0][1]) * widths.get(name, _WIDE) // total for name in wanted}
    whole = Zone(rows=int(rows[0][0]), column_bytes=shares)
    by = clustering(session, source, info.columns, bounded) if info and bounded else None
    return modelled(whole, by) if by else ZoneMap(zones=(whole,), rewrites=True)


def _width(kind: str) -> int:
    return _WIDTHS.get(kind.partition("(")[0], 8 if kind.startswith("TIMESTAMP") else _WIDE)
