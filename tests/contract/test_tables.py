"""How every adapter makes, finds and tells apart tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from sqlbackfill.errors import WarehouseError
from sqlbackfill.warehouse.protocol import Adapter, Column, Relation, Session, TableKind
from tests.contract.conftest import schema_of


def in_lower_case(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(Column(column.name.lower(), column.type) for column in columns)


def test_nothing_stands_under_an_unused_name(session: Session, relation: Relation) -> None:
    assert session.table(relation) is None
    assert session.tables((relation,)) == {}
    assert session.tables(()) == {}


def test_a_made_table_is_empty_and_carries_its_identity(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    query = (
        "SELECT CAST('2024-01-01' AS DATE) AS day, 1.5 AS amount, CAST(NULL AS VARCHAR) AS note; "
    )
    identity = adapter.create_table(session, relation, query)
    info = session.table(relation)
    assert info is not None
    assert (info.kind, info.identity) == (TableKind.TABLE, identity)
    amount = "NUMBER(38,1)" if adapter.name == "snowflake" else "DECIMAL(2,1)"
    assert in_lower_case(info.columns) == (
        Column("day", "DATE"),
        Column("amount", amount),
        Column("note", "VARCHAR"),
    )
    assert session.execute(f"SELECT count(*) FROM {adapter.quote(relation)}") == [(0,)]


@pytest.mark.not_on_the_emulator("reads a local file")
def test_what_is_inserted_by_the_transaction_that_made_the_table_is_seen_at_once(
    adapter: Adapter, session: Session, relation: Relation, tmp_path: Path
) -> None:
    source = f"'{tmp_path / 'many.parquet'}'"
    session.execute(f"COPY (SELECT range AS n FROM range(400000)) TO {source}")
    table = adapter.quote(relation)
    if adapter.transactional_ddl:
        session.begin()
    adapter.create_table(session, relation, f"SELECT n FROM {source}")
    session.execute_count(f"INSERT INTO {table} SELECT n FROM {source}")
    assert session.execute(f"SELECT count(*), max(n) FROM {table}") == [(400_000, 399_999)]
    if adapter.transactional_ddl:
        session.commit()
    assert session.execute(f"SELECT count(*), max(n) FROM {table}") == [(400_000, 399_999)]


def test_a_table_is_made_with_the_schema_that_it_needs(adapter: Adapter, session: Session) -> None:
    relation = Relation(adapter.database, "sales", "orders")
    adapter.create_table(session, relation, "SELECT 1 AS n")
    assert session.table(relation) is not None


def test_a_table_is_not_made_over_another(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    identity = adapter.create_table(session, relation, "SELECT 1 AS n")
    with pytest.raises(WarehouseError) as refused:
        adapter.create_table(session, relation, "SELECT 2 AS m")
    assert refused.value.diagnostics[0].code == "TABLE_EXISTS"
    info = session.table(relation)
    assert info is not None
    assert info.identity == identity


@pytest.mark.not_on_the_emulator("gives no place of a fault; Snowflake does")
def test_a_fault_in_the_query_of_a_new_table_is_placed_in_that_query(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    with pytest.raises(WarehouseError) as failed:
        adapter.create_table(session, relation, "SELECT\n  nowhere")
    assert (failed.value.sql_line, failed.value.sql_column) == (2, 3)
    assert session.table(relation) is None


def test_identity_survives_alter_and_a_new_comment_loses_it(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    identity = adapter.create_table(session, relation, "SELECT 1 AS n")
    name = adapter.quote(relation)
    session.execute(f"ALTER TABLE {name} ADD COLUMN m INTEGER")
    info = session.table(relation)
    assert info is not None
    assert info.identity == identity
    assert [column.name for column in in_lower_case(info.columns)] == ["n", "m"]
    session.execute(f"COMMENT ON TABLE {name} IS 'by another tool'")
    info = session.table(relation)
    assert info is not None
    assert info.identity is None


def test_a_table_made_anew_has_another_identity(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    first = adapter.create_table(session, relation, "SELECT 1 AS n")
    session.execute(f"DROP TABLE {adapter.quote(relation)}")
    assert adapter.create_table(session, relation, "SELECT 1 AS n") != first
    session.execute(f"CREATE OR REPLACE TABLE {adapter.quote(relation)} AS SELECT 1 AS n")
    info = session.table(relation)
    assert info is not None
    assert info.identity is None


@pytest.mark.parametrize("kind", TableKind)
def test_a_table_or_view_of_another_tool_gets_an_identity_beside_its_comment(
    adapter: Adapter, session: Session, relation: Relation, kind: TableKind
) -> None:
    name = adapter.quote(relation)
    session.execute(f"CREATE {kind} {name} AS SELECT 1 AS n")
    session.execute(f"COMMENT ON {kind} {name} IS 'one''s orders'")
    identity = adapter.add_identity(session, relation)
    info = session.table(relation)
    assert info is not None
    assert (info.identity, info.kind) == (identity, kind)
    assert adapter.add_identity(session, relation) == identity
    catalogue = (
        f"{adapter.database}.information_schema.{kind}s WHERE table_name = 'ORDERS'"
        if adapter.name == "snowflake"
        else f"duckdb_{kind}s() WHERE {kind}_name = 'orders'"
    )
    comments = session.execute(f"SELECT comment FROM {catalogue}")
    assert comments == [(f"one's orders [sqlbackfill:{identity}]",)]


def test_a_missing_table_gets_no_identity(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    with pytest.raises(WarehouseError) as refused:
        adapter.add_identity(session, relation)
    assert refused.value.diagnostics[0].code == "TABLE_MISSING"


def test_many_tables_are_found_in_one_statement(adapter: Adapter, session: Session) -> None:
    schema = schema_of(adapter)
    relations = [Relation(adapter.database, schema, f"t{i}") for i in range(20)]
    for relation in relations[::2]:
        adapter.create_table(session, relation, f"SELECT {relation.identifier[1:]} AS n, 'x' AS w")
    found = session.tables(relations)
    assert list(found) == sorted(found)
    assert set(found) == set(relations[::2])
    assert {len(info.columns) for info in found.values()} == {2}
    assert len({info.identity for info in found.values()}) == 10


def test_a_name_is_found_however_its_letters_are_cased(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    adapter.create_table(session, relation, "SELECT 1 AS n")
    shouted = Relation(relation.database, relation.schema.upper(), "Orders")
    found = session.tables((shouted, relation))
    assert found[shouted] == found[relation]
    assert str(found[shouted].relation).lower() == str(relation).lower()
