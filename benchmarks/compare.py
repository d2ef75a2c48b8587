"""Whether both sides of a workload wrote the same rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.e2e.reference import differences


def unequal_tables(ours: Path, by_hand: Path, tables: tuple[str, ...]) -> dict[str, list[str]]:
    """Per table what differs, as multisets of rows; equal tables are left out."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{ours}' as ours (read_only)")
        connection.execute(f"attach '{by_hand}' as by_hand (read_only)")
        found = {table: _unequal(connection, table) for table in tables}
    return {table: lines for table, lines in found.items() if lines}


def _unequal(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    columns = connection.execute(f"describe ours.main.{table}").fetchall()
    if any(kind in {"DOUBLE", "FLOAT"} for _, kind, *_ in columns):
        return differences(connection, f"ours.main.{table}", f"by_hand.main.{table}")
    sums = [_sums(connection, f"{side}.main.{table}", columns) for side in ("ours", "by_hand")]
    return [] if sums[0] == sums[1] else [f"rows and hash sums {sums[0]} instead of {sums[1]}"]


def _sums(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: list[tuple[object, ...]]
) -> list[tuple[object, ...]]:
    """Count and two sums of hashes: additive, so that the order of rows does not matter."""
    row = ", ".join(f'"{name}"::varchar' for name, *_ in columns)
    return connection.execute(f"""
        select count(*), sum(hash({row})::hugeint), sum(hash('salt', {row})::hugeint)
        from {relation}
    """).fetchall()
