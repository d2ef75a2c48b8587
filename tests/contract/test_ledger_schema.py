"""Making and migrating the ledger, on adapters whose DDL takes part in transactions and those not."""

from __future__ import annotations

import pytest

from sqlbackfill.errors import Diagnostic, WarehouseError
from sqlbackfill.ledger import schema
from sqlbackfill.ledger.ledger import Ledger
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
        assert versions(ledger, session) == [1]


def test_a_ledger_has_its_own_schema(adapter: Adapter, session: Session) -> None:
    ledger = Ledger(adapter, adapter.database, "book keeping")
    ledger.prepare(session)
    for table in ("partition_log", "run", "run_chunk", "lease", "meta"):
        info = session.table(Relation(adapter.database, "book keeping", table))
        assert info is not None
        assert {column.type for column in info.columns} <= {"VARCHAR", "BIGINT", "DOUBLE"}
    assert not Ledger(adapter, adapter.database).exists(session)


def add_column(adapter: Adapter) -> Migration:
    def statements(place: schema.Place) -> tuple[str, ...]:
        return (f"ALTER TABLE {place.sql('run')} ADD COLUMN IF NOT EXISTS note VARCHAR",)

    return Migration(2, statements)


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
    assert versions(new, session) == [1, 2]
    assert session.execute(f"SELECT run_id, note FROM {new.place.sql('run')}") == [("kept", None)]


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
        assert versions(again, session) == [1]
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
