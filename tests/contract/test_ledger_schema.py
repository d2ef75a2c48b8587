"""Making and migrating the ledger, on adapters whose DDL takes part in transactions and those not."""

from __future__ import annotations

import contextlib

import pytest

from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.ledger import schema
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import BuildDetails, InputMark, RunCosts, RunStatus
from sqlbackfill.ledger.schema import Migration
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session


def versions(ledger: Ledger, session: Session) -> list[int]:
    rows = session.execute(f"SELECT version FROM {ledger.place.sql('meta')} ORDER BY version")
    return [row[0] for row in rows]


def test_making_a_ledger_twice_makes_it_once(adapter: Adapter, session: Session) -> None:
    for _ in range(2):
        ledger = Ledger(adapter, adapter.database)
        ledger.prepare(session)
        ledger.prepare(session)
        assert ledger.exists(session)
        assert versions(ledger, session) == [3]


def test_a_ledger_has_its_own_schema(adapter: Adapter, session: Session) -> None:
    ledger = Ledger(adapter, adapter.database, "book keeping")
    ledger.prepare(session)
    for table in ("partition_log", "partition_state", "code", "run", "run_chunk", "lease", "meta"):
        info = session.table(Relation(adapter.database, "book keeping", table))
        assert info is not None
        plain = {"VARCHAR", "BIGINT", "DOUBLE", "NUMBER(38,0)", "FLOAT"}
        assert {column.type for column in info.columns} <= plain
    assert not Ledger(adapter, adapter.database).exists(session)


def test_a_ledger_made_before_code_was_kept_is_refused_to_readers_and_migrated(
    adapter: Adapter, session: Session
) -> None:
    ledger = Ledger(adapter, adapter.database)
    ledger.prepare(session)
    session.execute(f"INSERT INTO {ledger.place.sql('run')} (seq, run_id) VALUES (1, 'kept')")
    session.execute(f"DROP TABLE {ledger.place.sql('code')}")
    session.execute(f"UPDATE {ledger.place.sql('meta')} SET version = 2")
    later = Ledger(adapter, adapter.database)
    with pytest.raises(WarehouseError) as refused:
        later.exists(session)
    assert refused.value.diagnostics[0].code == "LEDGER_TOO_OLD"
    later.prepare(session)
    assert later.codes.texts(session, {"some"}) == {}
    assert session.execute(f"SELECT run_id FROM {later.place.sql('run')}") == [("kept",)]


def as_version_two(ledger: Ledger, session: Session) -> None:
    """Takes from the ledger's runs what version 3 added to them."""
    run = ledger.place.sql("run")
    for name, _ in schema.RUN[schema.WITHOUT_COSTS :]:
        session.execute(f"ALTER TABLE {run} DROP COLUMN {name}")
    session.execute(f"UPDATE {ledger.place.sql('meta')} SET version = 2")


def test_runs_of_a_ledger_that_knew_no_costs_are_kept_and_have_none(
    adapter: Adapter, session: Session
) -> None:
    ledger = Ledger(adapter, adapter.database)
    ledger.prepare(session)
    as_version_two(ledger, session)
    old = schema.names(schema.RUN)[: schema.WITHOUT_COSTS]
    values = "1, 'kept', 'p', '{}', 'running', '2024', NULL, 7, 0.5, 'h', '0', 'run', 31"
    session.execute(f"INSERT INTO {ledger.place.sql('run')} ({', '.join(old)}) SELECT {values}")
    later = Ledger(adapter, adapter.database)
    with pytest.raises(WarehouseError) as refused:
        later.runs(session)
    assert refused.value.diagnostics[0].code == "LEDGER_TOO_OLD"
    later.prepare(session)
    assert versions(later, session) == [2, 3]
    [run] = later.runs(session)
    assert (run.run_id, run.partitions, run.costs) == ("kept", 31, RunCosts())
    costs = RunCosts(seconds=2.5, cost_usd=0.25)
    later.finish_run(session, "kept", RunStatus.DONE, "2025", costs)
    assert later.run(session, "kept").costs == costs


def add_column(adapter: Adapter) -> Migration:
    def statements(place: schema.Place, _session: Session) -> tuple[str, ...]:
        return (f"ALTER TABLE {place.sql('run')} ADD COLUMN IF NOT EXISTS note VARCHAR",)

    return Migration(4, statements)


def test_an_older_ledger_is_migrated_forward_and_keeps_its_rows(
    adapter: Adapter, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Ledger(adapter, adapter.database)
    old.prepare(session)
    session.execute(f"INSERT INTO {old.place.sql('run')} (seq, run_id) VALUES (1, 'kept')")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_column(adapter)))
    new = Ledger(adapter, adapter.database)
    with pytest.raises(WarehouseError) as refused:
        new.exists(session)
    assert refused.value.diagnostics[0].code == "LEDGER_TOO_OLD"
    new.prepare(session)
    assert new.exists(session)
    assert versions(new, session) == [3, 4]
    assert session.execute(f"SELECT run_id, note FROM {new.place.sql('run')}") == [("kept", None)]


FIRST_LOG = (
    "seq BIGINT, database_name VARCHAR, schema_name VARCHAR, table_name VARCHAR, "
    "table_identity VARCHAR, key_space VARCHAR, partition_key VARCHAR, ordinal BIGINT, "
    "model VARCHAR, action VARCHAR, run_id VARCHAR, plan_id VARCHAR, chunk BIGINT, "
    "fingerprint VARCHAR, inputs VARCHAR, output_digest VARCHAR, row_count BIGINT, "
    "strategy VARCHAR, query_id VARCHAR, seconds DOUBLE, scan_bytes BIGINT, finished_at VARCHAR, "
    "analyser VARCHAR"
)
FIRST_ROWS = (
    (5, "day", "2024-01-01", 19723, '{"raw":"3:0a"}'),
    (6, "day", "2024-01-02", 19724, "{}"),
    (7, "integers:100:50", "-250", 0, "{}"),
    (8, "integers:100:50", "9007199254741050", 9, "{}"),
    (9, "keys", "eu", 1, "{}"),
)


def make_first_ledger(ledger: Ledger, session: Session) -> None:
    """A ledger as version 1 left it, with a failed chunk of integers."""
    ledger.prepare(session)
    as_version_two(ledger, session)
    log = ledger.place.sql("partition_log")
    session.execute(f"UPDATE {ledger.place.sql('meta')} SET version = 1")
    session.execute(f"DROP TABLE {log}")
    for table in ("partition_state", "code"):
        session.execute(f"DROP TABLE {ledger.place.sql(table)}")
    session.execute(f"CREATE TABLE {log} ({FIRST_LOG})")
    for seq, space, key, ordinal, inputs in FIRST_ROWS:
        row = f"{seq}, 'h', 'main', 't', 'i', '{space}', '{key}', {ordinal}"
        rest = f"'m', 'built', 'r', 'p', 4, 'f', '{inputs}', NULL, 3, 'range', NULL, 0.5, NULL"
        session.execute(f"INSERT INTO {log} VALUES ({row}, {rest}, '2024', '1')")
    session.execute(
        f"INSERT INTO {ledger.place.sql('run_chunk')} (seq, database_name, schema_name, table_name, "
        "key_space, start_ordinal, end_ordinal, status, log_seq, run_id, finished_at) "
        "VALUES (1, 'h', 'main', 't', 'integers:100:50', 0, 9, 'failed', 0, 'r', '2024')"
    )


def check_first_rows(ledger: Ledger, session: Session) -> None:
    table = Relation("h", "main", "t")
    records, _ = ledger.history(session, table)
    assert [(i.seq, i.space, i.start, i.end, i.start_key, i.end_key) for i in records] == [
        (5, "day", 19723, 19724, "2024-01-01", "2024-01-01"),
        (6, "day", 19724, 19725, "2024-01-02", "2024-01-02"),
        (7, "integers:100:50", -3, -2, "-250", "-250"),
        (8, "integers:100:50", 90071992547410, 90071992547411, *["9007199254741050"] * 2),
        (9, "keys", 1, 2, "eu", "eu"),
    ]
    assert records[0].inputs == {"raw": InputMark("v1:3:0a")}
    assert (records[0].run_id, records[0].chunk, records[0].rows) == ("r", 4, 3)
    details = ledger.details(session, table, [5])[5]
    assert details == BuildDetails(strategy="range", seconds=0.5, row_counts=(3,))
    failures = ledger.failures(session, [table])
    assert {each.space for found in failures.values() for each in found} <= {"v1:integers:100:50"}


@pytest.mark.not_on_the_emulator("no ledger of the first version was ever made on Snowflake")
def test_each_partition_of_a_first_ledger_becomes_an_island_of_one(
    adapter: Adapter, session: Session
) -> None:
    make_first_ledger(Ledger(adapter, adapter.database), session)
    ledger = Ledger(adapter, adapter.database)
    ledger.prepare(session)
    assert versions(ledger, session) == [1, 2, 3]
    check_first_rows(ledger, session)


@pytest.mark.parametrize("transactional", [True, False])
def test_migrating_a_first_ledger_can_fail_at_any_operation_and_be_done_again(
    transactional: bool,
) -> None:
    for at in range(1, 30):
        adapter = DoubleAdapter(transactional_ddl=transactional)
        session = adapter.session()
        make_first_ledger(Ledger(adapter, adapter.database), session)
        adapter.fail(len(adapter.log) + at)
        with contextlib.suppress(WarehouseError):
            Ledger(adapter, adapter.database).prepare(session)
            break
        again = Ledger(adapter, adapter.database)
        again.prepare(session)
        assert versions(again, session) == [1, 2, 3]
        check_first_rows(again, session)
        adapter.close()
    assert 5 < at < 29


def test_a_newer_ledger_is_neither_read_nor_written(adapter: Adapter, session: Session) -> None:
    ledger = Ledger(adapter, adapter.database)
    ledger.prepare(session)
    session.execute(f"INSERT INTO {ledger.place.sql('meta')} VALUES (99, 'later', '9.0')")
    other = Ledger(adapter, adapter.database)
    for act in (other.exists, other.prepare, other.runs):
        with pytest.raises(WarehouseError) as refused:
            act(session)
        assert refused.value.diagnostics[0].code == "LEDGER_TOO_NEW"
        assert "99" in refused.value.diagnostics[0].message


@pytest.mark.parametrize("transactional", [True, False])
def test_making_a_ledger_can_fail_at_any_operation_and_be_done_again(transactional: bool) -> None:
    whole = DoubleAdapter(transactional_ddl=transactional)
    Ledger(whole, whole.database).prepare(whole.session())
    operations = len(whole.log)
    assert operations > 6
    for at in range(1, operations + 1):
        adapter = DoubleAdapter(transactional_ddl=transactional)
        session = adapter.session()
        adapter.fail(at)
        with pytest.raises(WarehouseError):
            Ledger(adapter, adapter.database).prepare(session)
        assert not session.in_transaction
        again = Ledger(adapter, adapter.database)
        again.prepare(session)
        assert versions(again, session) == [3]
        counters = session.execute(f"SELECT count(*) FROM {again.place.sql('lease')}")
        assert counters == [(1,)]
        adapter.close()


def test_a_missing_privilege_is_answered_with_the_grant_that_cures_it() -> None:
    adapter = DoubleAdapter()
    refused = WarehouseError(
        Diagnostic(code="PERMISSION_DENIED", message="insufficient privileges")
    )
    adapter.fail(1, error=lambda: refused)
    with pytest.raises(WarehouseError) as failed:
        Ledger(adapter, "house").prepare(adapter.session())
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.code == "LEDGER_NOT_PERMITTED"
    assert 'GRANT CREATE SCHEMA ON DATABASE "house"' in str(diagnostic.fix)
