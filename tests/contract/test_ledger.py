"""The ledger on every adapter: what is appended is what is read, the latest counts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sqlbackfill.errors import UsageError
from sqlbackfill.ledger.leases import Leases
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.processes import Process, this_host
from sqlbackfill.ledger.records import (
    Action,
    BuildDetails,
    Island,
    RunProgress,
    SourceRead,
)
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session
from tests.contract.ledger_values import RUN, chunk, ranges

TTL = timedelta(minutes=1)
Make = Callable[..., tuple[Island, BuildDetails]]


def read(ledger: Ledger, session: Session, *relations: Relation) -> dict[Relation, list[Island]]:
    """The islands that count, by relation; those without any left out."""
    logs = ledger.logs(session, relations)
    return {each: list(log.counting) for each, log in logs.items() if log.counting}


def test_a_ledger_that_was_never_made_is_empty(
    adapter: Adapter, session: Session, relation: Relation
) -> None:
    ledger = Ledger(adapter, adapter.database)
    assert not ledger.exists(session)
    assert ledger.logs(session, [relation]) == {}
    assert ledger.failures(session, [relation]) == {}
    assert ledger.committed(session, "plan-1") == {}
    assert ledger.runs(session) == []
    assert ledger.newest_unfinished(session) is None
    assert ledger.progress(session, ["run-1"]) == {"run-1": RunProgress()}
    with pytest.raises(UsageError, match="no run begins with"):
        ledger.run(session, "run-1")


def test_a_record_is_read_back_as_it_was_written(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    full = record(5, end=7, end_key="it's 5", slices={"c": "f"})
    bare = record(-3, inputs={}, details=BuildDetails(strategy="range", seconds=0))
    written = ledger.append(session, [full, bare])
    assert read(ledger, session, relation) == {relation: [written[1], written[0]]}
    assert [replace(each, seq=0) for each in written] == [full[0], bare[0]]
    assert len({each.seq for each in written}) == 2


def test_what_is_kept_beside_a_record_is_read_back_when_asked_for(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    full = BuildDetails(
        strategy="chunk=2",
        seconds=0.5,
        row_counts=(7, 0),
        digests={"*": ("d1", None), "c": (None, "é")},
        sources={"raw.orders": SourceRead("day", ((None, 3, "n"), (3, 4, "v")), "u")},
        query_id="q'1",
        scan_bytes=5,
    )
    bare = BuildDetails(strategy="range", seconds=0)
    one, two = ledger.append(session, [record(1, end=3, details=full), record(9, details=bare)])
    found = ledger.details(session, relation, [one.seq, two.seq, 10**9])
    assert found == {one.seq: full, two.seq: bare}
    records, digests = ledger.history(session, relation)
    assert (records, digests) == ([one, two], {one.seq: full.digests})


def spans(ledger: Ledger, session: Session, relation: Relation) -> list[tuple[int, int, str]]:
    found = read(ledger, session, relation).get(relation, [])
    return [(each.start, each.end, each.run_id) for each in found]


def test_islands_are_ordered_by_start(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(ordinal) for ordinal in (30, 2, 11, -1)])
    assert [start for start, *_ in spans(ledger, session, relation)] == [-1, 2, 11, 30]


def test_a_later_island_cuts_earlier_ones(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(1, end=5, run_id="z"), record(6, end=8, run_id="z")])
    ledger.append(session, [record(2, run_id="a"), record(4, end=7, run_id="b")])
    assert spans(ledger, session, relation) == [
        (1, 2, "z"),
        (2, 3, "a"),
        (3, 4, "z"),
        (4, 7, "b"),
        (7, 8, "z"),
    ]


def test_of_two_records_of_one_append_the_last_counts(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(1, rows=1), record(1, rows=2)])
    assert [each.rows for each in read(ledger, session, relation)[relation]] == [2]


def test_keys_of_a_list_are_told_apart_by_their_text_not_by_their_number(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    keyed = {"space": "keys"}
    ledger.append(session, [record(0, end_key="eu", **keyed), record(1, end_key="us", **keyed)])
    ledger.append(session, [record(0, end_key="us", run_id="later", **keyed)])
    found = {each.end_key: each.run_id for each in read(ledger, session, relation)[relation]}
    assert found == {"eu": "run-1", "us": "later"}


def test_another_ledger_object_counts_on_where_the_first_stopped(
    adapter: Adapter, ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    other = Ledger(adapter, adapter.database)
    for turn, writer in enumerate((ledger, other, ledger, other, other)):
        writer.append(session, [record(1, rows=turn), record(2, rows=turn)])
        for reader in (ledger, other):
            found = read(reader, session, relation)[relation]
            assert [each.rows for each in found] == [turn, turn]


def test_a_forgotten_partition_has_no_record_until_it_is_built_again(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(1, end=4)])
    ledger.append(session, [record(2, action=Action.FORGOTTEN)])
    assert [span[:2] for span in spans(ledger, session, relation)] == [(1, 2), (3, 4)]
    log = ledger.logs(session, [relation])[relation]
    assert [(hole.start, hole.end, hole.seq) for hole in log.holes] == [(2, 3, log.high_water)]
    ledger.append(session, [record(0, end=9, action=Action.FORGOTTEN)])
    assert read(ledger, session, relation) == {}
    ledger.append(session, [record(1, action=Action.ADOPTED)])
    (found,) = read(ledger, session, relation)[relation]
    assert found.action is Action.ADOPTED


def test_relations_are_told_apart_by_all_three_names(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    others = [replace(relation, schema="dev"), replace(relation, database="elsewhere")]
    ledger.append(session, [record(1, relation=each) for each in (relation, *others)])
    for each in (relation, *others):
        assert list(ledger.logs(session, [each])) == [each]
    assert set(ledger.logs(session, [relation, *others])) == {relation, *others}


def test_records_older_than_another_space_s_do_not_count(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(1, end=3)])
    ledger.append(session, [record(0, space="month:UTC")])
    found = read(ledger, session, relation)[relation]
    assert [(each.space, each.start) for each in found] == [("month:UTC", 0)]
    ledger.append(session, [record(2)])
    found = read(ledger, session, relation)[relation]
    assert [(each.space, each.start) for each in found] == [("day:UTC", 2)]


def test_forgetting_in_another_space_leaves_records_alone(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(1)])
    ledger.append(session, [record(0, space="month:UTC", action=Action.FORGOTTEN)])
    assert [each.space for each in read(ledger, session, relation)[relation]] == ["day:UTC"]


def test_what_others_than_a_plan_wrote_since_a_mark_is_told(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    other = replace(relation, identifier="daily")
    (before,) = ledger.append(session, [record(1)])
    ledger.append(session, [record(2, plan_id="plan-2"), record(3)])
    ledger.append(session, [record(4, relation=other)])
    marks = {relation: before.seq, other: 10**18}
    found = ledger.changed_since(session, marks, ignoring_plan="plan-2")
    assert {each: [i.start for i in islands] for each, islands in found.items()} == {relation: [3]}
    assert [i.start for i in ledger.changed_since(session, marks)[relation]] == [2, 3]
    assert ledger.changed_since(session, {}) == {}


def test_more_relations_than_one_condition_names_are_read_all_the_same(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    relations = [replace(relation, identifier=f"t{i}") for i in range(600)]
    ledger.append(session, [record(1, relation=each) for each in relations])
    assert set(ledger.logs(session, relations[:599])) == set(relations[:599])


@pytest.mark.not_on_the_emulator("is slow with thousands of values")
def test_thousands_of_records_are_appended_at_once(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    records = [record(ordinal, rows=ordinal % 7) for ordinal in range(2500)]
    written = ledger.append(session, records)
    assert read(ledger, session, relation)[relation] == list(written)


def test_records_that_were_rolled_back_leave_no_trace(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(1, rows=1)])
    session.begin()
    ledger.append(session, [record(1, rows=2), record(2)])
    session.rollback()
    assert [each.rows for each in read(ledger, session, relation)[relation]] == [1]
    ledger.append(session, [record(1, rows=3)])
    assert [each.rows for each in read(ledger, session, relation)[relation]] == [3]


def test_a_chunk_is_confirmed_by_the_partitions_of_its_records(
    ledger: Ledger, session: Session, record: Make
) -> None:
    ledger.start_run(session, RUN)
    session.begin()
    ledger.append(session, [record(0, end=31, chunk=4)])
    ledger.append(session, [record(o, chunk=5) for o in range(31, 40)])
    session.commit()
    assert ledger.confirm(session, "run-1", "orders", 4) == 31
    assert ledger.confirm(session, "run-1", "orders", 5) == 9
    assert ledger.confirm(session, "run-1", "orders", 6) == 0
    assert ledger.confirm(session, "run-1", "other", 4) == 0
    assert ledger.confirm(session, "run-2", "orders", 4) == 0


def test_a_chunk_of_an_earlier_run_is_confirmed_by_a_new_ledger(
    adapter: Adapter, ledger: Ledger, session: Session, record: Make
) -> None:
    ledger.append(session, [record(1, end=3)])
    other = Ledger(adapter, adapter.database)
    other.start_run(session, replace(RUN, run_id="run-2"))
    assert other.confirm(session, "run-1", "orders", 0) == 2


def test_only_a_chunk_s_last_append_is_confirmed(
    ledger: Ledger, session: Session, record: Make
) -> None:
    ledger.append(session, [record(1, end=3)])
    session.begin()
    ledger.append(session, [record(1, end=3)])
    session.rollback()
    assert ledger.confirm(session, "run-1", "orders", 0) == 0


def test_threads_of_one_run_append_side_by_side_and_each_relation_s_numbers_rise(
    adapter: Adapter, ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    tables = [replace(relation, identifier=f"t{i}") for i in range(4)]
    for table in tables:
        ledger.leases.acquire(session, table, "run-1", TTL)

    def write(table: Relation) -> list[int]:
        own, seqs = adapter.session(), []
        for turn in range(12):
            own.begin()
            model = table.identifier
            one = record(0, end=3 + turn % 2, relation=table, model=model, rows=turn, chunk=turn)
            (island,) = ledger.append(own, [one])
            own.commit()
            assert ledger.confirm(own, "run-1", model, turn) == 3 + turn % 2
            seqs.append(island.seq)
        own.close()
        return seqs

    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, tables))
    found = read(ledger, session, *tables)
    for table, seqs in zip(tables, written, strict=True):
        assert seqs == sorted(set(seqs))
        assert [(each.rows, each.seq) for each in found[table]] == [(11, seqs[-1])]


def test_what_an_owner_commits_after_another_took_over_ranks_below_it(
    adapter: Adapter, session: Session, relation: Relation, record: Make
) -> None:
    dead, heir = (Ledger(adapter, adapter.database) for _ in range(2))
    dead.prepare(session)
    gone = Process(this_host(), 1 << 23, 1.0)
    dead.leases = Leases(dead.place, process=lambda: gone)
    dead.leases.acquire(session, relation, "run-1", TTL)
    dead.append(session, [record(0, end=9, rows=1)])
    heir.leases.acquire(session, relation, "run-2", TTL)
    heir.append(session, [record(3, rows=2)])
    dead.append(session, [record(3, rows=1)])
    assert [(i.start, i.rows) for i in read(heir, session, relation)[relation]] == [
        (0, 1),
        (3, 2),
        (4, 1),
    ]


def test_records_count_on_whatever_runs_on_other_tables_write_meanwhile(
    adapter: Adapter, session: Session, relation: Relation, record: Make
) -> None:
    elsewhere = replace(relation, identifier="elsewhere")
    ours, theirs = (Ledger(adapter, adapter.database) for _ in range(2))
    ours.prepare(session)
    ours.append(session, [record(1, rows=0)])
    ours.leases.acquire(session, relation, "run-1", TTL)
    theirs.leases.acquire(session, elsewhere, "run-2", TTL)
    for turn in range(1, 4):
        theirs.append(session, [record(o, relation=elsewhere, rows=turn) for o in range(5)])
        ours.append(session, [record(1, rows=turn)])
        found = read(theirs, session, relation, elsewhere)
        assert [each.rows for each in found[relation]] == [turn]
        assert [each.rows for each in found[elsewhere]] == [turn] * 5


def test_a_failure_under_a_lease_stands_until_a_later_record(
    adapter: Adapter, session: Session, relation: Relation, record: Make
) -> None:
    ledger = Ledger(adapter, adapter.database)
    ledger.prepare(session)
    lease = ledger.leases.acquire(session, relation, "run-1", TTL)
    ledger.append(session, [record(0, end=3)])
    ledger.save_chunk(session, chunk(relation, 0, 3, message="first"))
    assert ranges(ledger, session, relation) == [(0, 3, "first")]
    ledger.append(session, [record(1)])
    assert ranges(ledger, session, relation) == [(0, 1, "first"), (2, 3, "first")]
    ledger.leases.release(session, lease)
    later = Ledger(adapter, adapter.database)
    later.leases.acquire(session, relation, "run-2", TTL)
    later.append(session, [record(0)])
    assert ranges(ledger, session, relation) == [(2, 3, "first")]


def test_what_a_plan_committed_is_told_by_model(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    other = replace(relation, identifier="daily")
    ledger.append(session, [record(1, end=3), record(9, relation=other, model="daily")])
    ledger.append(session, [record(2, plan_id="plan-2"), record(3, plan_id="plan-2")])
    ledger.append(session, [record(4, action=Action.ADOPTED)])
    found = ledger.committed(session, "plan-1")
    assert {model: [(r.start, r.end) for r in records] for model, records in found.items()} == {
        "daily": [(9, 10)],
        "orders": [(1, 2)],
    }
    assert ledger.committed(session, "plan-3") == {}
