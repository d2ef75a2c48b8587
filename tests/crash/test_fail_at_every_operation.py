"""A run that fails at any one operation and is started again ends as one that never failed."""

from __future__ import annotations

from functools import cache
from itertools import count

import pytest

from sqlbackfill.errors import Diagnostic, SqlbackfillError, TransientError
from sqlbackfill.ledger.leases import Leases
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.processes import Process, this_host
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.run.backoff import Backoff
from sqlbackfill.run.execute import execute
from sqlbackfill.warehouse.double import DoubleAdapter, Moment, Operation
from tests.crash import chain

_DEAD_PIDS = count(1 << 23)


def warehouse(*, stages: bool = False) -> DoubleAdapter:
    """The source and an empty ledger; what making the ledger survives is the ledger's own test.

    With `stages` chunks are staged first, and DDL commits by itself.
    """
    adapter = DoubleAdapter(stages=stages, transactional_ddl=not stages)
    session = adapter.session()
    chain.make_source(session)
    Ledger(adapter, adapter.database).prepare(session)
    session.close()
    return adapter


def run(adapter: DoubleAdapter, run_id: str, **changes: object) -> RunStatus | None:
    """How a run of a small plan ended, in a process that is gone by then; None if it never began.

    Two days: written in one chunk, one by one, and as a whole table.
    """
    days = chain.PartitionSet.span(chain.FIRST, chain.FIRST + 2)
    changes.setdefault(
        "plan",
        chain.plan(*(chain.step(name, days) for name in ("daily", "running", "summary"))),
    )
    ledger = Ledger(adapter, adapter.database)
    process = Process(this_host(), next(_DEAD_PIDS), 1.0)
    ledger.leases = Leases(ledger.place, process=lambda: process)
    try:
        inputs = chain.run_inputs(adapter, run_id, ledger=ledger, **changes)
        return execute(inputs).status
    except SqlbackfillError:
        return None


@cache
def clean() -> tuple[tuple[Operation, ...], dict[str, object]]:
    """The operations of a run that nothing disturbs, and what it leaves."""
    adapter = warehouse()
    before = len(adapter.log)
    assert run(adapter, "clean") is RunStatus.DONE
    operations = adapter.log[before:]
    left = chain.contents(adapter)
    assert all(left.values())
    assert chain.disagreements(adapter) == []
    return operations, left


def is_effective(operation: Operation) -> bool:
    """Whether something lasting happened by it alone; else failing after it is failing before the next."""
    reads = operation.sql.lstrip().upper().startswith(("SELECT", "WITH", "BEGIN", "ROLLBACK"))
    return operation.sql == "COMMIT" or not (operation.in_transaction or reads)


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(Moment))
def test_a_run_that_fails_anywhere_and_is_started_again_ends_as_a_clean_one(moment: Moment) -> None:
    operations, expected = clean()
    numbers = [o.number for o in operations if moment is Moment.BEFORE or is_effective(o)]
    again = 0
    for at in numbers:
        adapter = warehouse()
        adapter.fail(at, moment=moment)
        status = run(adapter, "first")
        assert chain.disagreements(adapter) == [], f"after a failure at {at}"
        if status is not RunStatus.DONE:
            again += 1
            assert run(adapter, "second") is RunStatus.DONE, f"after a failure at {at}"
        assert chain.contents(adapter) == expected, f"after a failure at {at}"
        assert chain.disagreements(adapter) == [], f"after a failure at {at} and once more"
        adapter.close()
    assert len(numbers) > (60 if moment is Moment.BEFORE else 10)
    assert again > len(numbers) / 4


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(Moment))
def test_with_two_workers_too(moment: Moment) -> None:
    """Which statement is the nth differs from run to run; all are struck all the same."""
    days = chain.PartitionSet.span(chain.FIRST, chain.FIRST + 2)
    plan = chain.plan(*(chain.step(name, days, size=1) for name in chain.MODELS))
    clean = warehouse()
    before = len(clean.log)
    assert run(clean, "clean", plan=plan, max_parallel=2) is RunStatus.DONE
    expected, count = chain.contents(clean), len(clean.log) - before
    clean.close()
    again = 0
    for at in range(before + 1, before + count + 1, 2 if moment is Moment.AFTER else 1):
        adapter = warehouse()
        adapter.fail(at, moment=moment)
        status = run(adapter, "first", plan=plan, max_parallel=2)
        if len(adapter.log) < at:
            break  # this one needed fewer statements than the first
        assert chain.disagreements(adapter) == [], f"after a failure at {at}"
        if status is not RunStatus.DONE:
            again += 1
            second = run(adapter, "second", plan=plan, max_parallel=2)
            assert second is RunStatus.DONE, f"after a failure at {at}"
        assert chain.contents(adapter) == expected, f"after a failure at {at}"
        assert chain.disagreements(adapter) == [], f"after a failure at {at} and once more"
        adapter.close()
    assert again > count / 8


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(Moment))
def test_with_several_workers_on_one_table_too(moment: Moment) -> None:
    """All days are staged side by side, and published one after the other."""
    days = chain.PartitionSet.span(chain.FIRST, chain.FIRST + 4)
    plan = chain.plan(chain.step("daily", days, size=1), chain.step("trailing", days, size=2))
    clean = warehouse(stages=True)
    before = len(clean.log)
    assert run(clean, "clean", plan=plan, max_parallel=4) is RunStatus.DONE
    expected, count = chain.contents(clean), len(clean.log) - before
    clean.close()
    again = 0
    for at in range(before + 1, before + count + 1, 3):
        adapter = warehouse(stages=True)
        adapter.fail(at, moment=moment)
        status = run(adapter, "first", plan=plan, max_parallel=4)
        if len(adapter.log) < at:
            break  # this one needed fewer statements than the first
        assert chain.disagreements(adapter) == [], f"after a failure at {at}"
        if status is not RunStatus.DONE:
            again += 1
            second = run(adapter, "second", plan=plan, max_parallel=4)
            assert second is RunStatus.DONE, f"after a failure at {at}"
        assert chain.contents(adapter) == expected, f"after a failure at {at}"
        assert chain.disagreements(adapter) == [], f"after a failure at {at} and once more"
        adapter.close()
    assert again > count / 8


def test_an_answer_to_commit_that_got_lost_is_no_failure() -> None:
    operations, expected = clean()
    inserts = [o.number for o in operations if "partition_log (" in o.sql and o.in_transaction]
    assert len(inserts) == 4
    for insert in inserts:
        commit = next(o.number for o in operations if o.number > insert and o.sql == "COMMIT")
        adapter = warehouse()
        adapter.fail(commit, moment=Moment.AFTER)
        assert run(adapter, "first") is RunStatus.DONE
        assert chain.contents(adapter) == expected
        assert chain.disagreements(adapter) == []


def transient() -> Exception:
    return TransientError(Diagnostic(code="WRITE_CONFLICT", message="try again"))


def test_a_transient_error_is_met_by_trying_the_whole_transaction_again() -> None:
    operations, expected = clean()
    inserts = [o.number for o in operations if o.sql.startswith('INSERT INTO "memory"."main"')]
    assert len(inserts) == 4
    for at in inserts:
        adapter = warehouse()
        adapter.fail(at, error=transient)
        assert run(adapter, "first", backoff=Backoff(first_s=0.0)) is RunStatus.DONE
        assert chain.contents(adapter) == expected
        assert chain.disagreements(adapter) == []
        begun = [o.number for o in adapter.log if o.number > at and o.sql == "BEGIN"]
        assert begun, "the transaction began anew"


def test_a_transient_error_that_lasts_fails_the_chunk() -> None:
    operations, _ = clean()
    at = next(o.number for o in operations if o.sql.startswith('INSERT INTO "memory"."main"'))
    adapter = warehouse()
    adapter.fail(at, error=transient)
    assert run(adapter, "first", backoff=Backoff(retries=0)) is RunStatus.FAILED
    assert chain.contents(adapter) == {}
    assert chain.disagreements(adapter) == []
