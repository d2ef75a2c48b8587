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
    ChunkRecord,
    ChunkStatus,
    Island,
    RunProgress,
    RunRecord,
    RunStatus,
    SourceRead,
)
from sqlbackfill.warehouse.protocol import Adapter, Relation, Session

TTL = timedelta(minutes=1)
Make = Callable[..., tuple[Island, BuildDetails]]

RUN = RunRecord(
    run_id="run-1",
    plan_id="plan-1",
    plan_json='{"steps": []}',
    status=RunStatus.RUNNING,
    started_at="2024-05-01T12:00:00+00:00",
    pid=77,
    process_started=1714564800.5,
    host="here",
    version="0.1.0",
    command="sqlbackfill run -p 2024",
    partitions=31,
)


def chunk(relation: Relation, start: int, end: int, **changes: object) -> ChunkRecord:
    plain = ChunkRecord(
        run_id="run-1",
        model="orders",
        relation=relation,
        chunk=start,
        space="day:UTC",
        start=start,
        end=end,
        start_key=str(start),
        end_key=str(end),
        status=ChunkStatus.FAILED,
        code="QUERY_FAILED",
        message="no such column",
        finished_at="2024-05-01T12:00:00+00:00",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


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


def test_a_run_is_running_until_it_is_finished(ledger: Ledger, session: Session) -> None:
    ledger.start_run(session, RUN)
    assert ledger.run(session, "run-1") == RUN
    ledger.finish_run(session, "run-1", RunStatus.FAILED, "2024-05-01T12:30:00+00:00")
    ended = replace(RUN, status=RunStatus.FAILED, finished_at="2024-05-01T12:30:00+00:00")
    assert ledger.run(session, "run-1") == ended
    assert ledger.runs(session) == [replace(ended, plan_json=None)]
    ledger.finish_run(session, "run-1", RunStatus.DONE, "2024-05-01T12:40:00+00:00")
    assert ledger.run(session, "run-1").status is RunStatus.DONE
    assert ledger.run(session, "run-1").plan_json == RUN.plan_json


def test_runs_are_listed_newest_first(ledger: Ledger, session: Session) -> None:
    for day in (2, 3, 1):
        started = f"2024-05-0{day}T12:00:00+00:00"
        ledger.start_run(session, replace(RUN, run_id=f"run-{day}", started_at=started))
    assert [run.run_id for run in ledger.runs(session)] == ["run-3", "run-2", "run-1"]
    assert [run.run_id for run in ledger.runs(session, 2)] == ["run-3", "run-2"]


def test_a_run_is_found_by_the_beginning_of_its_id(ledger: Ledger, session: Session) -> None:
    for run_id in ("2024a", "2024b", "2024"):
        ledger.start_run(session, replace(RUN, run_id=run_id))
    assert ledger.run(session, "2024").run_id == "2024"
    assert ledger.run(session, "2024b").run_id == "2024b"
    with pytest.raises(UsageError) as ambiguous:
        ledger.run(session, "202")
    assert ambiguous.value.diagnostics[0].code == "RUN_AMBIGUOUS"
    for wrong in ("2025", ""):
        with pytest.raises(UsageError) as unknown:
            ledger.run(session, wrong)
        assert unknown.value.diagnostics[0].code in {"RUN_UNKNOWN", "RUN_AMBIGUOUS"}


def test_the_newest_unfinished_run_is_one_whose_plan_no_later_run_finished(
    ledger: Ledger, session: Session
) -> None:
    def ran(day: int, plan: str, status: RunStatus) -> None:
        started = f"2024-05-0{day}T12:00:00+00:00"
        run = replace(RUN, run_id=f"run-{day}", plan_id=plan, started_at=started)
        ledger.start_run(session, run)
        if status is not RunStatus.RUNNING:
            ledger.finish_run(session, run.run_id, status, started)

    def newest() -> str | None:
        run = ledger.newest_unfinished(session)
        return None if run is None else run.run_id

    ran(1, "a", RunStatus.DONE)
    assert newest() is None
    ran(2, "b", RunStatus.FAILED)
    assert newest() == "run-2"
    ran(3, "c", RunStatus.INTERRUPTED)
    assert newest() == "run-3"
    ran(4, "c", RunStatus.DONE)
    assert newest() == "run-2"
    ran(5, "d", RunStatus.RUNNING)
    assert newest() == "run-5"
    run = ledger.newest_unfinished(session)
    assert run is not None
    assert run.plan_json == RUN.plan_json


def test_progress_counts_what_was_built_by_records_and_the_rest_by_the_last_attempt(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(0, end=10, chunk=0, rows=100)])
    ledger.append(session, [record(o, chunk=10, rows=10) for o in range(10, 15)])
    ledger.append(session, [record(99, chunk=10, action=Action.FORGOTTEN)])
    ledger.append(session, [record(0, chunk=0, run_id="run-2", model="daily", rows=1)])
    for each in (
        chunk(relation, 0, 10),
        chunk(relation, 15, 17, status=ChunkStatus.BLOCKED),
        chunk(relation, 15, 17, rows=7),
        chunk(relation, 17, 20, status=ChunkStatus.BLOCKED),
    ):
        ledger.save_chunk(session, each)
    assert ledger.progress(session, ["run-1", "run-2", "run-3"]) == {
        "run-1": RunProgress(
            models=("orders",),
            partitions_done=15,
            partitions_failed=2,
            partitions_blocked=3,
            rows=150,
        ),
        "run-2": RunProgress(models=("daily",), partitions_done=1, rows=1),
        "run-3": RunProgress(),
    }


def ranges(ledger: Ledger, session: Session, relation: Relation) -> list[tuple[int, int, str]]:
    found = ledger.failures(session, [relation]).get(relation, [])
    return [(failure.start, failure.end, failure.message) for failure in found]


def test_a_failed_chunk_stands_until_records_cover_it(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.append(session, [record(4, end=8)])
    ledger.save_chunk(session, chunk(relation, 0, 10))
    assert ranges(ledger, session, relation) == [(0, 10, "no such column")]
    ledger.append(session, [record(3), record(4, action=Action.ADOPTED)])
    assert ranges(ledger, session, relation) == [
        (0, 3, "no such column"),
        (5, 10, "no such column"),
    ]
    ledger.append(session, [record(0, end=10, space="month:UTC")])
    assert len(ranges(ledger, session, relation)) == 2
    ledger.append(session, [record(0, end=20)])
    assert ledger.failures(session, [relation]) == {}


def test_a_later_failure_hides_an_earlier_one_of_the_same_partitions(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 10, message="first"))
    ledger.save_chunk(session, chunk(relation, 5, 12, message="second", run_id="run-2"))
    assert ranges(ledger, session, relation) == [(0, 5, "first"), (5, 12, "second")]
    ledger.append(session, [record(6)])
    assert ranges(ledger, session, relation) == [
        (0, 5, "first"),
        (5, 6, "second"),
        (7, 12, "second"),
    ]


def test_a_record_from_before_a_failure_does_not_mend_it(
    ledger: Ledger, session: Session, relation: Relation, record: Make
) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 3, message="first"))
    ledger.append(session, [record(1)])
    ledger.save_chunk(session, chunk(relation, 1, 2, message="second", run_id="run-2"))
    assert ranges(ledger, session, relation) == [(0, 1, "first"), (1, 2, "second"), (2, 3, "first")]


def test_blocked_chunks_have_not_failed(
    ledger: Ledger, session: Session, relation: Relation
) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 10, status=ChunkStatus.BLOCKED))
    assert ledger.failures(session, [relation]) == {}


def test_failures_of_other_relations_are_left_out(
    ledger: Ledger, session: Session, relation: Relation
) -> None:
    ledger.save_chunk(session, chunk(replace(relation, schema="dev"), 0, 10))
    assert ledger.failures(session, [relation]) == {}


def test_a_very_long_message_is_cut(ledger: Ledger, session: Session, relation: Relation) -> None:
    ledger.save_chunk(session, chunk(relation, 0, 1, message="x" * 100_000))
    assert 1000 < len(ranges(ledger, session, relation)[0][2]) < 10_000
