"""What only a Snowflake account can show. Run by `make live`, with credentials from the environment.

Everything is made in a schema of its own in SNOWFLAKE_DATABASE, which is dropped at the end.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Iterator

import pytest

from sqlbackfill.errors import CancelledError, FailureKind, WarehouseError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.warehouse.protocol import Adapter, Column, Relation, Session, TableOptions
from sqlbackfill.warehouse.snowflake import SnowflakeAdapter
from sqlbackfill.warehouse.snowflake_profile import read_snowflake_target

NEEDED = ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_WAREHOUSE", "SNOWFLAKE_DATABASE")
FURTHER = ("ROLE", "PASSWORD", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "PRIVATE_KEY_PASSPHRASE", "TOKEN",
           "AUTHENTICATOR")  # fmt: skip
SLOW = "SELECT COUNT(*) FROM TABLE(GENERATOR(TIMELIMIT => 60))"

pytestmark = pytest.mark.skipif(
    not all(os.environ.get(name) for name in NEEDED),
    reason=f"needs a Snowflake account: set {', '.join(NEEDED)} and what signs in, then `make live`",
)


@pytest.fixture(scope="module")
def adapter() -> Iterator[Adapter]:
    fields = {
        name.lower(): os.environ.get(f"SNOWFLAKE_{name}")
        for name in ("ACCOUNT", "USER", "WAREHOUSE", "DATABASE", *FURTHER)
    }
    schema = f"SQLBACKFILL_LIVE_{secrets.token_hex(4)}".upper()
    made = SnowflakeAdapter(
        read_snowflake_target({**fields, "schema": schema, "statement_timeout": 300})
    )
    session = made.session()
    session.execute(f"CREATE TRANSIENT SCHEMA {made.quote_name(made.database)}.{schema}")
    session.execute(f"USE SCHEMA {made.quote_name(made.database)}.{schema}")
    try:
        yield made
    finally:
        session.execute(f"DROP SCHEMA {made.quote_name(made.database)}.{schema}")
        made.close()


@pytest.fixture
def session(adapter: Adapter) -> Session:
    return adapter.session()


@pytest.fixture
def relation(adapter: Adapter, session: Session) -> Relation:
    [(schema,)] = session.execute("SELECT CURRENT_SCHEMA()")
    return Relation(adapter.database, schema, f"T_{secrets.token_hex(4)}".upper())


def test_explain_tells_bytes_and_partitions_without_a_warehouse(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    adapter.create_table(session, relation, "SELECT 1 AS n")
    session.execute_count(
        f"INSERT INTO {adapter.quote(relation)} SELECT SEQ8() FROM TABLE(GENERATOR(ROWCOUNT => 100000))"
    )
    found = adapter.explain_scan(session, f"SELECT * FROM {adapter.quote(relation)}")
    assert found is not None
    assert found.scan_bytes > 0
    zones = adapter.zones(session, relation, [Column("n", "NUMBER(38,0)")], bounded={"n"})
    assert zones is not None
    assert zones.is_modelled, "its clustering by any column is told"
    assert zones.zones[-1].bounds["n"][1] == 99_999
    size = adapter.compute_size(session)
    assert size is not None
    assert size.size is not None


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        ("DATE", "DATEADD(day, {n}, '2024-01-01'::date)", "CAST('2024-01-05' AS DATE)"),
        (
            "TIMESTAMP_NTZ",
            "DATEADD(day, {n}, '2024-01-01'::timestamp_ntz)",
            "CAST('2024-01-05 00:00:00' AS TIMESTAMP_NTZ)",
        ),
        (
            "TIMESTAMP_LTZ",
            "DATEADD(day, {n}, '2024-01-01'::timestamp_ltz)",
            "CAST('2024-01-05 00:00:00+00:00' AS TIMESTAMP_TZ)",
        ),
        (
            "TIMESTAMP_TZ",
            "DATEADD(day, {n}, '2024-01-01'::timestamp_tz)",
            "CAST('2024-01-05 00:00:00+00:00' AS TIMESTAMP_TZ)",
        ),
        ("NUMBER(38,0)", "20240101 + {n}", "20240105"),
    ],
)
def test_the_predicates_that_are_printed_prune(
    adapter: Adapter, session: Session, relation: Relation, kind: str, value: str, literal: str
) -> None:
    """Eight inserts make eight micro-partitions, of which four begin before the bound."""
    table = adapter.quote(relation)
    adapter.create_table(session, relation, f"SELECT CAST({value.format(n=0)} AS {kind}) AS at")
    for n in range(8):
        session.execute_count(f"INSERT INTO {table} SELECT {value.format(n=n)}")
    whole = adapter.explain_scan(session, f"SELECT * FROM {table}")
    cut = adapter.explain_scan(session, f"SELECT * FROM {table} WHERE at < {literal}")
    assert whole is not None
    assert cut is not None
    assert (whole.partitions, cut.partitions) == (8, 4)


def test_a_table_carries_its_identity_and_a_swap_takes_it_along(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    other = Relation(relation.database, relation.schema, f"{relation.identifier}_B")
    first = adapter.create_table(
        session, relation, "SELECT 1 AS n", TableOptions(cluster_by=("n",))
    )
    second = adapter.create_table(session, other, "SELECT 1 AS n")
    adapter.put_in_place(session, other, relation, is_over=True)
    tables = session.tables((relation, other))
    assert (tables[relation].identity, tables[other].identity) == (second, first)


def test_a_statement_is_cancelled_from_another_thread(session: Session) -> None:
    session.execute("SELECT 1")
    timer = threading.Timer(3, session.interrupt)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        session.execute(SLOW)
    timer.join()
    assert time.monotonic() - started < 40
    assert session.execute("SELECT 1") == [(1,)]


def test_a_delete_waits_for_another_ones_lock(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    adapter.create_table(session, relation, "SELECT 1 AS n")
    table, other = adapter.quote(relation), adapter.session()
    session.execute_count(f"INSERT INTO {table} SELECT 1")
    session.begin()
    session.execute_count(f"DELETE FROM {table} WHERE n = 1")
    session.execute_count(f"INSERT INTO {table} SELECT 2")
    done = threading.Event()

    def delete() -> None:
        other.begin()
        other.execute_count(f"DELETE FROM {table}")
        other.commit()
        done.set()

    waiting = threading.Thread(target=delete)
    waiting.start()
    assert not done.wait(3)
    session.commit()
    waiting.join(60)
    assert session.execute(f"SELECT COUNT(*) FROM {table}") == [(0,)]


def test_a_fault_is_placed_in_the_query(session: Session) -> None:
    with pytest.raises(WarehouseError) as failed:
        session.describe("SELECT 1 AS n,\n  missing\nFROM (SELECT 1 AS present)")
    assert failed.value.sql_line == 2
    assert failed.value.kind is FailureKind.PERMANENT


def test_digests_add_up_and_see_every_change(adapter: Adapter, session: Session) -> None:
    columns = [Column("A", "NUMBER(38,0)"), Column("B", "VARCHAR")]
    sql = adapter.digest_sql(columns, exact_floats=False)
    assert sql is not None
    answer = f"COUNT(*), {sql.first_sum}, {sql.second_sum}"
    values = "FROM VALUES {} AS t(A, B)"
    [one] = session.execute(f"SELECT {answer} {values.format('(1, $$x$$), (2, $$y$$)')}")
    [same] = session.execute(f"SELECT {answer} {values.format('(2, $$y$$), (1, $$x$$)')}")
    [other] = session.execute(f"SELECT {answer} {values.format('(1, $$y$$), (2, $$x$$)')}")
    assert one == same != other


def test_the_ledger_is_made_and_a_query_tag_is_kept(adapter: Adapter, session: Session) -> None:
    [(schema,)] = session.execute("SELECT CURRENT_SCHEMA()")
    ledger = Ledger(adapter, adapter.database, schema)
    ledger.prepare(session)
    assert ledger.exists(session)
    tag = secrets.token_hex(8)
    session.label({"run": tag, "model": "m", "partitions": "2024-01-01"})
    session.execute("SELECT 1")
    history = "TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION())"
    [(found,)] = session.execute(
        f"SELECT COUNT(*) FROM {history} WHERE CONTAINS(query_tag, '{tag}')"
    )
    assert found >= 1


def test_what_commits_moves_the_version_though_another_transaction_committed_later_statements(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    table = adapter.quote(relation)
    session.execute(f"CREATE TABLE {table} AS SELECT 1 AS n UNION ALL SELECT 2")
    seen = [adapter.table_versions(session, [relation])[relation].text]
    other = adapter.session()
    session.begin()
    session.execute_count(f"UPDATE {table} SET n = 3 WHERE n = 1")
    time.sleep(2)
    other.execute_count(f"INSERT INTO {table} VALUES (4)")
    time.sleep(2)
    seen.append(adapter.table_versions(other, [relation])[relation].text)
    session.commit()
    seen.append(adapter.table_versions(other, [relation])[relation].text)
    assert len(set(seen)) == 3
