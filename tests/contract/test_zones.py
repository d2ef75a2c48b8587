"""How every adapter says that tables and files are stored, before any row is read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sqlbackfill.warehouse.protocol import Adapter, Column, Relation, Session
from sqlbackfill.warehouse.sizes import ComputeSize, ScanSize

ROWS = (
    "select date '2024-01-01' + (n // 1000)::integer as day, n::integer as id, n::varchar as text, "
    "nullif(n % 7, 0) as seven, timestamptz '2024-01-01 00:00+00' + interval (n) minute as at "
    "from range(300000) r(n)"
)
DAY, ID, SEVEN = Column("day", "DATE"), Column("id", "INTEGER"), Column("seven", "BIGINT")
AT = Column("at", "TIMESTAMP WITH TIME ZONE")


@pytest.mark.not_on_the_emulator("tells how far zones overlap, not the bounds of each")
def test_the_zones_of_a_table_hold_all_its_rows_between_their_bounds(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    session.execute(f"create table {adapter.quote(relation)} as {ROWS}")

    found = adapter.zones(session, relation, [DAY, ID, SEVEN, AT])

    assert found is not None
    assert found.rows == 300_000
    assert len(found.zones) > 1
    assert found.zones[0].bounds["day"][0] == date(2024, 1, 1)
    assert found.zones[0].bounds["at"][0] == datetime(2024, 1, 1, tzinfo=UTC)
    assert found.zones[-1].bounds["day"][1] == date(2024, 10, 26)
    assert found.zones[-1].bounds["id"][1] == 299_999
    assert all("seven" in zone.with_nulls and "id" not in zone.with_nulls for zone in found.zones)
    assert all(zone.column_bytes["id"] > 0 for zone in found.zones)


@pytest.mark.not_on_the_emulator("reads no local files")
def test_the_zones_of_parquet_files_hold_all_their_rows_between_their_bounds(
    adapter: Adapter, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "a.parquet"
    session.execute(f"copy ({ROWS}) to '{file}' (row_group_size 100000)")

    found = adapter.zones(session, [str(file)], [DAY, ID, SEVEN, AT])

    assert found is not None
    assert [zone.rows for zone in found.zones] == [100_352, 100_352, 99_296]
    assert found.zones[1].bounds["id"] == (100_352, 200_703)
    assert found.zones[0].bounds["day"] == (date(2024, 1, 1), date(2024, 4, 10))
    assert found.zones[0].bounds["at"][0] == datetime(2024, 1, 1, tzinfo=UTC)
    assert all("seven" in zone.with_nulls and "day" not in zone.with_nulls for zone in found.zones)
    assert 0 < found.opening_bytes <= file.stat().st_size
    twice = adapter.zones(session, [str(file)] * 2, [ID])
    assert twice is not None
    assert twice.rows == 600_000

    session.execute(f"copy (from ({ROWS}) where id < 1000) to '{file}'")
    again = adapter.zones(session, [str(file)], [ID])
    assert again is not None
    assert again.rows == 1_000


@pytest.mark.not_on_the_emulator("reads no local files")
def test_without_columns_the_rows_still_count(
    adapter: Adapter, session: Session, relation: Relation, tmp_path: Path
) -> None:
    session.execute(f"create table {adapter.quote(relation)} as {ROWS}")
    session.execute(f"copy ({ROWS}) to '{tmp_path}/a.parquet'")

    for source in (relation, [f"{tmp_path}/a.parquet"]):
        found = adapter.zones(session, source, [])
        assert found is not None
        assert found.rows == 300_000


def test_of_a_view_nothing_is_known(adapter: Adapter, session: Session, relation: Relation) -> None:
    session.execute(f"create view {adapter.quote(relation)} as select 1 as id")

    assert adapter.zones(session, relation, [ID]) is None


@pytest.mark.not_on_the_emulator("reads no local files")
def test_a_text_has_no_bounds_that_metadata_cuts_short(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    session.execute(f"create table {adapter.quote(relation)} as {ROWS}")

    found = adapter.zones(session, relation, [Column("text", "VARCHAR")])

    assert found is not None
    assert not any(zone.bounds for zone in found.zones)


def test_what_the_double_is_told_stands_for_explain() -> None:
    from sqlbackfill.warehouse.double import DoubleAdapter

    double = DoubleAdapter()
    session = double.session()
    assert double.explain_scan(session, "select 1") is None
    assert double.compute_size(session) is None

    double.explained = lambda query: ScanSize(len(query), 1)
    double.compute = ComputeSize("SMALL", 2)

    assert double.explain_scan(session, "select 1") == ScanSize(8, 1)
    assert double.compute_size(session) == ComputeSize("SMALL", 2)
    double.close()
