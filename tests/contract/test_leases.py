"""Leases on every adapter: one holder at a time, dead ones give way, losers cannot commit."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sqlbackfill.errors import Diagnostic, GuardError, TransientError, WarehouseError
from sqlbackfill.ledger.leases import Lease, Leases
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.processes import Process, process_started, this_host, this_process
from sqlbackfill.warehouse.double import DoubleAdapter
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

TTL = timedelta(seconds=60)


@pytest.fixture
def leases_of(ledger: Ledger, clock: Any) -> Callable[[Process], Leases]:
    return lambda process: Leases(ledger.place, clock=clock, process=lambda: process)


@pytest.fixture
def far_away() -> Process:
    return Process("another-host", 4242, 1.0)


@pytest.fixture
def dead() -> Process:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return Process(this_host(), ended.pid, 1.0)


def held(act: Callable[[], object]) -> Diagnostic:
    with pytest.raises(GuardError) as refused:
        act()
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "LEASE_HELD"
    return diagnostic


def test_a_lease_has_one_holder(ledger: Ledger, session: Session, relation: Relation) -> None:
    lease = ledger.leases.acquire(session, relation, "run-1", TTL)
    ledger.leases.check(session, lease)
    diagnostic = held(lambda: ledger.leases.acquire(session, relation, "run-2", TTL))
    assert "run run-1 " in diagnostic.message
    assert f"PID {this_process().pid} " in diagnostic.message
    assert "cancel run-1" in str(diagnostic.fix)
    ledger.leases.check(session, lease)


def test_relations_are_leased_one_by_one(
    ledger: Ledger, session: Session, relation: Relation
) -> None:
    ledger.leases.acquire(session, relation, "run-1", TTL)
    ledger.leases.acquire(session, replace(relation, schema="dev"), "run-2", TTL)


def test_a_holder_may_ask_again(ledger: Ledger, session: Session, relation: Relation) -> None:
    lease = ledger.leases.acquire(session, relation, "run-1", TTL)
    assert ledger.leases.acquire(session, relation, "run-1", TTL) == lease


def test_a_released_lease_is_free_and_the_next_token_is_higher(
    ledger: Ledger, session: Session, relation: Relation
) -> None:
    first = ledger.leases.acquire(session, relation, "run-1", TTL)
    ledger.leases.release(session, first)
    assert ledger.leases.holder(session, relation) is None
    second = ledger.leases.acquire(session, relation, "run-2", TTL)
    assert second.token > first.token
    ledger.leases.release(session, first)
    ledger.leases.check(session, second)


def test_a_dead_process_on_this_host_loses_its_lease_at_once(
    leases_of: Callable[[Process], Leases], session: Session, relation: Relation, dead: Process
) -> None:
    lost = leases_of(dead).acquire(session, relation, "run-1", TTL)
    mine = leases_of(this_process()).acquire(session, relation, "run-2", TTL)
    assert mine.token > lost.token
    for act in (
        lambda: leases_of(dead).check(session, lost),
        lambda: leases_of(dead).renew(session, [lost], TTL),
    ):
        with pytest.raises(WarehouseError) as refused:
            act()
        assert refused.value.diagnostics[0].code == "LEASE_LOST"


def test_a_living_process_on_this_host_keeps_its_lease_when_it_is_overdue(
    ledger: Ledger, session: Session, relation: Relation, clock: Any
) -> None:
    lease = ledger.leases.acquire(session, relation, "run-1", TTL)
    clock.advance(TTL * 100)
    held(lambda: ledger.leases.acquire(session, relation, "run-2", TTL))
    ledger.leases.check(session, lease)


def test_another_process_with_the_same_pid_is_not_the_holder(
    leases_of: Callable[[Process], Leases], session: Session, relation: Relation
) -> None:
    me = this_process()
    leases_of(replace(me, started=me.started - 3600)).acquire(session, relation, "run-1", TTL)
    leases_of(me).acquire(session, relation, "run-2", TTL)


def test_a_holder_on_another_host_keeps_its_lease_until_it_runs_out(
    leases_of: Callable[[Process], Leases],
    session: Session,
    relation: Relation,
    far_away: Process,
    clock: Any,
) -> None:
    there, here = leases_of(far_away), leases_of(this_process())
    lease = there.acquire(session, relation, "run-1", TTL)
    clock.advance(TTL - timedelta(seconds=1))
    assert "on another-host" in held(lambda: here.acquire(session, relation, "run-2", TTL)).message
    there.renew(session, [lease], TTL)
    clock.advance(TTL - timedelta(seconds=1))
    held(lambda: here.acquire(session, relation, "run-2", TTL))
    clock.advance(timedelta(seconds=1))
    taken = here.acquire(session, relation, "run-2", TTL)
    assert taken.token > lease.token
    with pytest.raises(WarehouseError, match="no longer has the right"):
        there.check(session, lease)


def test_an_overdue_lease_that_nobody_took_still_stands(
    leases_of: Callable[[Process], Leases],
    session: Session,
    relation: Relation,
    far_away: Process,
    clock: Any,
) -> None:
    lease = leases_of(far_away).acquire(session, relation, "run-1", TTL)
    clock.advance(TTL * 2)
    leases_of(far_away).check(session, lease)


def test_who_holds_a_lease_can_be_asked(
    ledger: Ledger, session: Session, relation: Relation, clock: Any
) -> None:
    assert ledger.leases.holder(session, relation) is None
    lease = ledger.leases.acquire(session, relation, "run-1", TTL)
    holder = ledger.leases.holder(session, relation)
    assert holder is not None
    assert (holder.lease, holder.process) == (lease, this_process())
    assert holder.acquired_at == clock.now.isoformat()
    assert not holder.is_gone(clock.now + TTL * 2)


def test_of_many_who_ask_at_once_one_gets_the_lease(
    adapter: Adapter, ledger: Ledger, relation: Relation
) -> None:
    won: list[Lease] = []
    refused: list[GuardError] = []
    start = threading.Barrier(6)

    def ask(number: int) -> None:
        session = adapter.session()
        start.wait()
        try:
            won.append(ledger.leases.acquire(session, relation, f"run-{number}", TTL))
        except GuardError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 5)


def test_tokens_are_never_given_twice(adapter: Adapter, ledger: Ledger, relation: Relation) -> None:
    tokens: list[int] = []

    def ask(number: int) -> None:
        session = adapter.session()
        for turn in range(5):
            mine = replace(relation, identifier=f"t{number}_{turn}")
            tokens.append(ledger.leases.acquire(session, mine, "run", TTL).token)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 20


def test_a_conflict_is_tried_again_a_limited_number_of_times() -> None:
    adapter = DoubleAdapter()
    session = adapter.session()
    ledger = Ledger(adapter, adapter.database)
    ledger.prepare(session)
    pauses: list[float] = []
    leases = Leases(ledger.place, pause=pauses.append)
    conflict = TransientError(Diagnostic(code="WRITE_CONFLICT", message="someone was faster"))
    relation = Relation(adapter.database, "main", "orders")
    adapter.fail(len(adapter.log) + 2, error=lambda: conflict)
    leases.acquire(session, relation, "run-1", TTL)
    assert len(pauses) == 1
    for at in range(len(adapter.log) + 1, len(adapter.log) + 1000):
        adapter.fail(at, error=lambda: conflict)
    with pytest.raises(TransientError):
        leases.acquire(session, relation, "run-1", TTL)
    assert not session.in_transaction


def test_this_process_is_alive_and_one_that_ended_is_not(dead: Process) -> None:
    assert this_process().is_alive() is True
    assert process_started(this_process().pid) == pytest.approx(this_process().started, abs=2)
    assert dead.is_alive() is False
    assert process_started(0) is None
    assert process_started(-1) is None
    assert Process("another-host", 1, 0).is_alive() is None
