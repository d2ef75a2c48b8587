"""What every adapter says a scan would read, before any row is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sqlbackfill.warehouse.protocol import Adapter, Column, Relation, Session

ROWS = "select n::integer as id, n::varchar as text from range(10000) r(n)"
ID, TEXT = Column("id", "INTEGER"), Column("text", "VARCHAR")


@pytest.mark.not_on_the_emulator("knows what a table takes compressed, not the width of values")
def test_a_table_is_as_large_as_its_rows_times_the_width_of_the_columns(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    session.execute(f"create table {adapter.quote(relation)} as {ROWS}")

    assert adapter.scan_bytes(session, relation, [ID]) == 40_000
    both = adapter.scan_bytes(session, relation, [ID, TEXT])
    assert both is not None
    assert both > 40_000


@pytest.mark.not_on_the_emulator("reads no local files")
def test_of_a_parquet_file_only_the_columns_count_that_are_read(
    adapter: Adapter, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "a.parquet"
    session.execute(f"copy ({ROWS}) to '{file}'")

    one, other = (adapter.scan_bytes(session, [str(file)], [column]) for column in (ID, TEXT))
    both = adapter.scan_bytes(session, [str(file)], [ID, TEXT])
    assert one
    assert other
    assert both == one + other < file.stat().st_size
    assert adapter.scan_bytes(session, [str(file)] * 2, [ID]) == 2 * one


@pytest.mark.not_on_the_emulator("reads no local files")
def test_of_other_files_all_is_read(adapter: Adapter, session: Session, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    session.execute(f"copy ({ROWS}) to '{file}'")

    assert adapter.scan_bytes(session, [str(file)], [ID]) == file.stat().st_size


def test_of_a_view_it_is_not_known(adapter: Adapter, session: Session, relation: Relation) -> None:
    session.execute(f"create view {adapter.quote(relation)} as {ROWS}")

    assert adapter.scan_bytes(session, relation, [ID]) is None
