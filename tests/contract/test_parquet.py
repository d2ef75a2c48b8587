"""Rows of a query in a Parquet file of one's own machine, whatever the engine."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.errors import WarehouseError
from sqlbackfill.warehouse.duckdb import DuckDBAdapter
from sqlbackfill.warehouse.duckdb_profile import DuckDBTarget
from sqlbackfill.warehouse.parquet_file import write_parquet
from sqlbackfill.warehouse.protocol import Column

COLUMNS = (
    Column("ID", "NUMBER(38,0)"),
    Column("PRICE", "NUMBER(10,2)"),
    Column("DAY", "DATE"),
    Column("AT", "TIMESTAMP_LTZ"),
    Column("BODY", "VARIANT"),
    Column('odd "name', "GEOGRAPHY"),
)
ROW = (2**70, Decimal("1.50"), date(2024, 1, 5), datetime(2024, 1, 5, tzinfo=UTC), '{"a":1}', "x")


def test_duckdb_writes_the_rows_of_a_query(tmp_path: Path) -> None:
    file = tmp_path / "it's.parquet"
    adapter = DuckDBAdapter(DuckDBTarget())
    try:
        assert adapter.session().write_parquet("select 1 as x union all select 2", file) == 2
    finally:
        adapter.close()
    assert duckdb.sql(
        f"select sum(x) from '{str(file).replace(chr(39), chr(39) * 2)}'"
    ).fetchall() == [(3,)]


def test_rows_of_another_engine_keep_their_types(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    assert write_parquet(COLUMNS, [[ROW], [], [(None,) * 6]], file) == 2
    with duckdb.connect() as engine:
        engine.execute("SET timezone = 'UTC'")
        types = engine.execute(f"select column_type from (describe from '{file}')").fetchall()
        rows = engine.execute(f'select * exclude ("AT"), epoch("AT") from \'{file}\'').fetchall()
    assert [one for (one,) in types] == [
        "DECIMAL(38,0)", "DECIMAL(10,2)", "DATE", "TIMESTAMP WITH TIME ZONE", "JSON", "VARCHAR",
    ]  # fmt: skip
    at = datetime(2024, 1, 5, tzinfo=UTC).timestamp()
    assert rows == [(2**70, Decimal("1.50"), date(2024, 1, 5), '{"a":1}', "x", at), (None,) * 6]


def test_no_rows_leave_a_file_with_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "none.parquet"
    assert write_parquet(COLUMNS, [], file) == 0
    assert len(duckdb.sql(f"describe from '{file}'").fetchall()) == len(COLUMNS)


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError) as refused:
        write_parquet(COLUMNS, [[ROW]], tmp_path / "nowhere" / "rows.parquet")
    assert refused.value.diagnostics[0].code == "PARQUET_NOT_WRITTEN"
