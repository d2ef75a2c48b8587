"""A mark that fails at any one operation is as if it had not been, or is whole; done again it is whole."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from sqlbackfill.errors import GuardError, SqlbackfillError
from sqlbackfill.ledger.leases import Leases
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.processes import Process, this_host
from sqlbackfill.ledger.records import Action, RunRecord, RunStatus
from sqlbackfill.run.marking import Marking, OnForeignRows, mark
from sqlbackfill.warehouse.double import DoubleAdapter, Moment
from tests.crash import chain

_DEAD_PIDS = count(1 << 24)


def warehouse() -> DoubleAdapter:
    """The chain's source, an empty ledger, and `daily` as another tool made it, one row too many."""
    adapter = DoubleAdapter()
    session = adapter.session()
    chain.make_source(session)
    Ledger(adapter, adapter.database).prepare(session)
    session.execute("CREATE TABLE daily AS SELECT d, k, SUM(v) AS v FROM raw GROUP BY d, k")
    session.execute("INSERT INTO daily VALUES (NULL, 0, 0)")
    session.close()
    return adapter


def marking(adapter: DoubleAdapter, run_id: str) -> Marking:
    return Marking(
        model=chain.planned_models(adapter)["daily"],
        partitions=chain.ALL,
        is_adopted=True,
        fingerprint="code of daily",
        foreign_rows=OnForeignRows.DELETE,
        run=RunRecord(
            run_id=run_id,
            plan_id=f"mark-{run_id}",
            plan_json=None,
            status=RunStatus.DONE,
            started_at=chain.NOW.isoformat(),
            finished_at=chain.NOW.isoformat(),
            pid=1,
            process_started=1.0,
            version="1",
            command="mark",
        ),
    )


def do(adapter: DoubleAdapter, run_id: str, **changes: Any) -> bool:
    """Whether the mark succeeded, in a process that is gone by then."""
    ledger = Ledger(adapter, adapter.database)
    process = Process(this_host(), next(_DEAD_PIDS), 1.0)
    ledger.leases = Leases(ledger.place, process=lambda: process)
    try:
        mark(replace(marking(adapter, run_id), **changes), adapter, ledger)
    except SqlbackfillError:
        return False
    return True


def state(adapter: DoubleAdapter) -> tuple[int, int, int]:
    """The rows of the table, those of no partition, and the partitions that are recorded."""
    session = adapter.session()
    try:
        [(rows, placed)] = session.execute("SELECT COUNT(*), COUNT(d) FROM daily")
        target = chain.relation(adapter, "daily")
        ledger = Ledger(adapter, adapter.database)
        log = ledger.logs(session, [target]).get(target)
        table = session.table(target)
        islands = log.counting if log and table else ()
        standing = [i for i in islands if table and i.identity == table.identity]
        return rows, rows - placed, sum(len(island) for island in standing)
    finally:
        session.close()


BEFORE, AFTER = (37, 1, 0), (36, 0, 12)


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(Moment))
def test_a_mark_that_fails_anywhere_is_whole_or_not_there(moment: Moment) -> None:
    adapter = warehouse()
    first = len(adapter.log)
    assert state(adapter) == BEFORE
    started = len(adapter.log)
    assert do(adapter, "clean")
    numbers = [operation.number for operation in adapter.log[started:]]
    assert state(adapter) == AFTER
    assert len(numbers) > 12
    failed = 0
    for at in numbers:
        adapter = warehouse()
        assert len(adapter.log) == first
        assert state(adapter) == BEFORE
        adapter.fail(at, moment=moment)
        succeeded = do(adapter, "first")
        failed += not succeeded
        assert state(adapter) in ((AFTER,) if succeeded else (BEFORE, AFTER)), f"failed at {at}"
        if not succeeded:
            assert do(adapter, "second"), f"failed at {at}"
        assert state(adapter) == AFTER, f"failed at {at} and done again"
        assert chain.disagreements(adapter) == []
        adapter.close()
    assert failed > len(numbers) / 3


def test_a_table_that_another_run_holds_is_not_marked() -> None:
    adapter = warehouse()
    session = adapter.session()
    ledger = Ledger(adapter, adapter.database)
    from datetime import timedelta

    target = chain.relation(adapter, "daily")
    ledger.leases.acquire(session, target, "other", timedelta(minutes=5))
    with pytest.raises(GuardError) as error:
        mark(marking(adapter, "second"), adapter, Ledger(adapter, adapter.database))
    assert error.value.diagnostics[0].code == "LEASE_HELD"
    assert state(adapter) == BEFORE


def test_rows_of_no_partition_are_refused_inside_the_transaction_too() -> None:
    adapter = warehouse()
    assert not do(adapter, "first", foreign_rows=None)
    assert state(adapter) == BEFORE
    assert do(adapter, "second", foreign_rows=OnForeignRows.KEEP)
    assert state(adapter) == (37, 1, 12)
    session = adapter.session()
    target = chain.relation(adapter, "daily")
    [island] = Ledger(adapter, adapter.database).logs(session, [target])[target].islands
    assert island.action is Action.ADOPTED_BESIDE
    session.close()


def test_forgetting_takes_the_records_and_no_rows() -> None:
    adapter = warehouse()
    assert do(adapter, "first")
    assert do(adapter, "second", is_adopted=False)
    assert state(adapter) == (36, 0, 0)
