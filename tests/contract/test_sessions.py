"""What every session of every adapter does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sqlbackfill.errors import CancelledError, FailureKind, WarehouseError
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session


@pytest.fixture
def numbers(adapter: Adapter, session: Session, relation: Relation) -> str:
    session.execute(f"CREATE TABLE {adapter.quote(relation)} (n BIGINT, word VARCHAR)")
    return adapter.quote(relation)


def count(session: Session, table: str) -> int:
    return int(session.execute(f"SELECT count(*) FROM {table}")[0][0])


def test_a_statement_returns_all_its_rows(session: Session) -> None:
    assert session.execute("SELECT ?, ? UNION ALL SELECT 3, NULL ORDER BY 1", (1, "a")) == [
        (1, "a"),
        (3, None),
    ]


def test_a_changing_statement_says_how_many_rows_it_changed(session: Session, numbers: str) -> None:
    assert session.execute_count(f"INSERT INTO {numbers} VALUES (1, 'a'), (2, 'b')") == 2
    assert session.execute_count(f"UPDATE {numbers} SET word = 'c' WHERE n = 2") == 1
    assert session.execute_count(f"DELETE FROM {numbers} WHERE n = 7") == 0


@pytest.mark.parametrize("rows", [0, 1, 2, 365])
def test_values_are_inserted_as_they_are(
    session: Session, relation: Relation, numbers: str, rows: int
) -> None:
    given = [(i, None if i % 3 else f"it's {i} · ?") for i in range(rows)]
    assert session.insert(relation, ("n", "word"), given) == rows
    assert session.execute(f"SELECT n, word FROM {numbers} ORDER BY n") == given


def test_equal_rows_are_all_inserted(session: Session, relation: Relation, numbers: str) -> None:
    assert session.insert(relation, ("word", "n"), [("same", 1)] * 4) == 4
    assert session.execute(f"SELECT n, word FROM {numbers}") == [(1, "same")] * 4


def test_an_instant_comes_back_in_utc(session: Session) -> None:
    found = session.execute("SELECT CAST('2013-03-10 02:30:00-05:00' AS TIMESTAMPTZ)")[0][0]
    assert found == datetime(2013, 3, 10, 7, 30, tzinfo=UTC)
    assert found.utcoffset().total_seconds() == 0


def test_what_is_committed_stays(adapter: Adapter, session: Session, numbers: str) -> None:
    session.begin()
    session.execute(f"INSERT INTO {numbers} VALUES (1, 'a')")
    assert session.in_transaction
    session.commit()
    assert not session.in_transaction
    assert count(adapter.session(), numbers) == 1


def test_what_is_rolled_back_is_gone(session: Session, numbers: str) -> None:
    session.begin()
    session.execute(f"INSERT INTO {numbers} VALUES (1, 'a')")
    session.rollback()
    assert not session.in_transaction
    assert count(session, numbers) == 0


def test_rolling_back_without_a_transaction_does_nothing(session: Session) -> None:
    session.rollback()
    assert session.execute("SELECT 1") == [(1,)]


def test_a_transaction_in_which_a_statement_failed_cannot_be_committed(
    session: Session, numbers: str
) -> None:
    session.begin()
    session.execute(f"INSERT INTO {numbers} VALUES (1, 'a')")
    with pytest.raises(WarehouseError):
        session.execute(f"INSERT INTO {numbers} SELECT CAST('x' AS INTEGER), 'b'")
    with pytest.raises(WarehouseError) as refused:
        session.commit()
    assert refused.value.diagnostics[0].code == "TRANSACTION_ABORTED"
    assert not session.in_transaction
    assert count(session, numbers) == 0


def test_other_sessions_do_not_see_an_open_transaction(
    adapter: Adapter, session: Session, numbers: str
) -> None:
    session.begin()
    session.execute(f"INSERT INTO {numbers} VALUES (1, 'a')")
    assert count(adapter.session(), numbers) == 0
    session.rollback()


def test_a_query_is_described_without_being_run(adapter: Adapter, session: Session) -> None:
    query = "WITH a AS (SELECT 'x' AS n) SELECT n, CAST(n AS INTEGER) AS word FROM a -- the end"
    assert [column.name.lower() for column in session.describe(query)] == ["n", "word"]
    (column,) = session.describe("SELECT CAST(1 AS DECIMAL(9,2)) AS d")
    # Snowflake's lengths and precisions bound no value, so they are left out.
    kind = "NUMBER(38,2)" if adapter.name == "snowflake" else "DECIMAL(9,2)"
    assert (column.name.lower(), column.type) == ("d", kind)


@pytest.mark.not_on_the_emulator("gives no place of a fault; Snowflake does")
def test_a_fault_in_a_query_is_placed_by_line_and_column(session: Session) -> None:
    query = "SELECT 'é' AS accent,\n  '日本' AS place, missing\nFROM (SELECT 1 AS present)"
    for ask in (session.describe, session.execute):
        with pytest.raises(WarehouseError) as failed:
            ask(query)
        assert (failed.value.sql_line, failed.value.sql_column) == (2, 18)
        (diagnostic,) = failed.value.diagnostics
        assert diagnostic.code == "QUERY_FAILED"
        assert 'column "missing" not found' in diagnostic.message
        assert diagnostic.notes == (("available", "present"),)


@pytest.mark.not_on_the_emulator("gives no place of a fault; Snowflake does")
def test_a_fault_on_the_first_line_is_placed_too(session: Session) -> None:
    with pytest.raises(WarehouseError) as failed:
        session.describe("SELECT missing FROM (SELECT 1 AS present)")
    assert (failed.value.sql_line, failed.value.sql_column) == (1, 8)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT CAST(word AS INTEGER) FROM {t}", FailureKind.DATA),
        ("SELECT CAST(n AS TINYINT) + CAST(n AS TINYINT) FROM {t}", FailureKind.DATA),
        ("SELECT n // (n - 100) FROM {t}", FailureKind.DATA),
        ("SELECT nope FROM {t}", FailureKind.PERMANENT),
        ("SELECT n FROM not_there", FailureKind.PERMANENT),
        ("SELEC n FROM {t}", FailureKind.PERMANENT),
    ],
)
def test_a_failure_tells_what_the_statement_failed_on(
    adapter: Adapter, session: Session, numbers: str, query: str, kind: FailureKind
) -> None:
    if adapter.name == "snowflake" and ("TINYINT" in query or "//" in query):
        pytest.skip("Snowflake has neither")
    session.execute(f"INSERT INTO {numbers} VALUES (100, 'a')")
    with pytest.raises(WarehouseError) as failed:
        session.execute(query.format(t=numbers))
    assert failed.value.kind is kind


def test_a_failure_before_any_row_was_read_is_not_of_the_data(session: Session) -> None:
    with pytest.raises(WarehouseError) as failed:
        session.describe("SELECT CAST('2013-02-30' AS DATE) AS d, nope")
    assert failed.value.kind is FailureKind.PERMANENT


@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE {other} AS SELECT 1 AS n",
        "  -- why\n/* and how */ create or replace view {other} as select 1 as n",
        "ALTER TABLE {t} ADD COLUMN more INTEGER",
        "DROP TABLE {t}",
        "COMMENT ON TABLE {t} IS 'x'",
    ],
)
def test_ddl_in_a_transaction_rolls_back_with_it_or_is_refused(
    adapter: Adapter, session: Session, relation: Relation, ddl: str
) -> None:
    """Where it commits by itself, half of a chunk would be kept."""
    table = adapter.quote(relation)
    other = adapter.quote(replace(relation, identifier="other"))
    session.execute(f"CREATE TABLE {table} (n INTEGER)")
    before = session.table(relation)
    session.begin()
    session.execute_count(f"INSERT INTO {table} VALUES (1)")
    if adapter.transactional_ddl:
        session.execute(ddl.format(t=table, other=other))
    else:
        with pytest.raises(WarehouseError) as refused:
            session.execute(ddl.format(t=table, other=other))
        assert refused.value.diagnostics[0].code == "DDL_IN_TRANSACTION"
        with pytest.raises(WarehouseError) as aborted:
            session.commit()
        assert aborted.value.diagnostics[0].code == "TRANSACTION_ABORTED"
    session.rollback()
    assert session.execute(f"SELECT count(*) FROM {table}") == [(0,)]
    assert session.table(relation) == before
    assert session.table(replace(relation, identifier="other")) is None


def test_a_query_can_be_interrupted_from_another_thread(session: Session) -> None:
    session.execute("SELECT 1")
    timer = threading.Timer(0.2, session.interrupt)
    timer.start()
    with pytest.raises(CancelledError) as stopped:
        session.execute("SELECT sum(a.range * b.range) FROM range(4000000) a, range(4000000) b")
    timer.join()
    assert stopped.value.diagnostics[0].code == "INTERRUPTED"
    assert session.execute("SELECT 1") == [(1,)]


def test_the_settings_that_change_results_are_told(adapter: Adapter, session: Session) -> None:
    settings = adapter.result_settings(session)
    assert settings["timezone"] == "utc"
    assert list(settings) == sorted(settings)
    assert settings == adapter.result_settings(adapter.session())


@pytest.mark.not_on_the_emulator("takes no blank in the name of a schema")
def test_names_are_quoted_whatever_they_hold(adapter: Adapter, session: Session) -> None:
    odd = Relation(adapter.database, 'odd "schema"', "select; --")
    session.execute(f"CREATE SCHEMA {adapter.quote_name(odd.schema)}")
    session.execute(f"CREATE TABLE {adapter.quote(odd)} AS SELECT 1 AS {adapter.quote_name('n')}")
    assert session.execute(f"SELECT {adapter.quote_name('n')} FROM {adapter.quote(odd)}") == [(1,)]
