"""Writes rows of another engine into a Parquet file. DuckDB does the writing, in memory; no more of it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.warehouse.protocol import Column

_TYPES: Final = {
    "TIMESTAMP_NTZ": "TIMESTAMP", "TIMESTAMP_LTZ": "TIMESTAMPTZ", "TIMESTAMP_TZ": "TIMESTAMPTZ",
    "FLOAT": "DOUBLE", "VARIANT": "JSON", "OBJECT": "JSON", "ARRAY": "JSON", "BINARY": "BLOB",
    "DATE": "DATE", "TIME": "TIME", "BOOLEAN": "BOOLEAN", "VARCHAR": "VARCHAR",
}  # fmt: skip
_NUMBER: Final = re.compile(r"(?:NUMBER|DECIMAL|NUMERIC)\((\d+), ?(\d+)\)")


def write_parquet(
    columns: Sequence[Column], batches: Iterable[Sequence[Sequence[Any]]], file: Path
) -> int:
    """How many rows were written to `file`, which is made anew.

    Types of Snowflake's that DuckDB has no such word for become the nearest; others are texts.
    Raises WarehouseError PARQUET_NOT_WRITTEN where the disk is full or a value does not fit.
    """
    from sqlbackfill.warehouse import duckdb_engine

    rows_written = 0
    body = ", ".join(f"{_quoted(column.name)} {_type(column.type)}" for column in columns)
    values = ", ".join("unnest(?)" for _ in columns)
    try:
        config = {"autoinstall_known_extensions": "false"}
        with duckdb_engine.connect(":memory:", config=config) as engine:
            engine.execute("SET timezone = 'UTC'")
            engine.execute(f"CREATE TABLE rows ({body})")
            for batch in batches:
                if batch:
                    engine.execute(
                        f"INSERT INTO rows SELECT {values}",
                        [list(one) for one in zip(*batch, strict=True)],
                    )
                    rows_written += len(batch)
            target = str(file).replace("'", "''")
            engine.execute(f"COPY rows TO '{target}' (FORMAT parquet)")
    except duckdb_engine.Error as error:
        raise not_written(file, str(error).splitlines()[0]) from None
    return rows_written


def not_written(file: Path, reason: str) -> WarehouseError:
    """The error PARQUET_NOT_WRITTEN of `file`; one that takes another's place is called by its name."""
    name = file.name.removeprefix(".").removesuffix(".part")
    return WarehouseError(
        Diagnostic(
            code="PARQUET_NOT_WRITTEN",
            message=f"{name} could not be written: {reason}",
            fix="make room on the disk, or take fewer partitions, or fewer rows with --limit",
        )
    )


def _type(type_: str) -> str:
    number = _NUMBER.fullmatch(type_.upper())
    if number is not None:
        return f"DECIMAL({number[1]},{number[2]})"
    return _TYPES.get(type_.upper(), "VARCHAR")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
