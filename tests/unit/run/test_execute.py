from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlbackfill.errors import Diagnostic, ProjectError, SourceSpan
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import InputMark, RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Withheld
from sqlbackfill.run import events
from sqlbackfill.run.execute import execute
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.run.result import RunResult
from sqlbackfill.warehouse.double import DoubleAdapter
from tests.crash import chain

FIRST = chain.FIRST


def days(start: int, end: int) -> PartitionSet:
    return PartitionSet.span(FIRST + start, FIRST + end)


def failing(
    warehouse: DoubleAdapter, model: str, day: int, query: str = "SELECT error('no') AS d"
) -> Callable[[str, Chunk], ChunkSql]:
    """The chain's SQL, but that of the chunk of `model` with the day is another query."""

    def sql(name: str, chunk: Chunk) -> ChunkSql:
        is_bad = name == model and FIRST + day in chunk.partitions
        return chain.chunk_sql(warehouse, name, chunk, query if is_bad else None)

    return sql


BAD = "SELECT d, k, CAST(error('spilt') AS HUGEINT) AS v FROM {main}.raw"


def built(result: RunResult) -> dict[str, int]:
    return {model.model: model.partitions_built for model in result.models}


def test_a_run_writes_every_chunk_and_records_every_partition(warehouse: DoubleAdapter) -> None:
    result = execute(chain.run_inputs(warehouse, "r"))
    assert result.status is RunStatus.DONE
    assert result.exit_code == 0
    assert result.resume is None
    assert built(result) == {"daily": 12, "trailing": 12, "running": 12, "summary": 1}
    assert [model.queries for model in result.models] == [3, 3, 12, 1]
    assert [model.rows for model in result.models] == [36, 36, 36, 3]
    assert chain.disagreements(warehouse) == []


def test_the_tables_hold_what_one_query_over_all_of_history_gives(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "r"))
    session = warehouse.session()
    expected = session.execute(
        "WITH daily AS (SELECT d, k, SUM(v) AS v FROM raw GROUP BY d, k) "
        "SELECT d, k, SUM(v) OVER (PARTITION BY k ORDER BY d) FROM daily ORDER BY ALL"
    )
    assert chain.contents(warehouse)["running"] == expected
    trailing = session.execute(
        "WITH daily AS (SELECT d, k, SUM(v) AS v FROM raw GROUP BY d, k) "
        "SELECT d, k, SUM(v) OVER (PARTITION BY k ORDER BY d ROWS 2 PRECEDING) FROM daily ORDER BY ALL"
    )
    assert chain.contents(warehouse)["trailing"] == trailing


def test_running_the_same_plan_again_touches_nothing(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "first"))
    inputs = chain.run_inputs(warehouse, "second")
    before = len(warehouse.log)
    result = execute(inputs)
    assert len(warehouse.log) == before
    assert result.status is RunStatus.DONE
    assert [model.partitions_skipped for model in result.models] == [12, 12, 12, 1]
    assert set(built(result).values()) == {0}


def test_a_day_rebuilt_by_another_plan_ends_in_the_same_table(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "first"))
    before = chain.contents(warehouse)
    session = warehouse.session()
    session.execute("DELETE FROM daily WHERE k = 1 AND d BETWEEN '2013-01-03' AND '2013-01-06'")
    steps = (chain.step("daily", days(1, 8), size=5), chain.step("running", days(3, 5)))
    result = execute(chain.run_inputs(warehouse, "second", plan=chain.plan(*steps), already={}))
    assert result.status is RunStatus.DONE
    assert chain.contents(warehouse) == before
    assert chain.disagreements(warehouse) == []


def test_partitions_without_rows_are_recorded_with_none(warehouse: DoubleAdapter) -> None:
    warehouse.session().execute("DELETE FROM raw WHERE d IN ('2013-01-02', '2013-01-06')")
    steps = (chain.step("daily", chain.ALL),)
    execute(chain.run_inputs(warehouse, "r", plan=chain.plan(*steps)))
    ledger = Ledger(warehouse, warehouse.database)
    relation = chain.relation(warehouse, "daily")
    records, _ = ledger.history(warehouse.session(), relation)
    details = ledger.details(warehouse.session(), relation, (record.seq for record in records))
    counts = [details[record.seq].row_counts for record in records]
    assert [[count > 0 for count in each] for each in counts] == [
        [True, False, True, True],
        [True, False, True, True],
        [True, True, True, True],
    ]
    assert [record.rows for record in records] == [sum(each) for each in counts]
    assert chain.disagreements(warehouse) == []


def test_a_failed_chunk_holds_back_what_reads_it_and_nothing_else(warehouse: DoubleAdapter) -> None:
    seen: list[events.Event] = []
    sql = failing(warehouse, "daily", 5, BAD)
    result = execute(chain.run_inputs(warehouse, "r", sql=sql, sink=seen.append))
    assert result.status is RunStatus.FAILED
    assert result.exit_code == 1
    assert result.resume == "sqlbackfill resume r"
    # daily lost day 5; trailing reads two days back, running its own past, summary all.
    assert built(result) == {"daily": 11, "trailing": 9, "running": 5, "summary": 0}
    assert {(b.model, b.by) for b in result.blocked} == {
        ("trailing", "daily"),
        ("running", "daily"),
        ("running", "running"),
        ("summary", "daily"),
    }
    kinds = [type(event).__name__ for event in seen]
    assert kinds.count("ChunkFailed") == 1
    assert kinds.count("ChunkSplit") == 2
    assert kinds.count("ChunkBlocked") == len(result.blocked) == 1 + 7 + 1
    assert chain.disagreements(warehouse) == []


def test_a_failure_names_the_chunk_as_p_takes_it(warehouse: DoubleAdapter) -> None:
    result = execute(chain.run_inputs(warehouse, "r", sql=failing(warehouse, "daily", 5, BAD)))
    first = result.errors[0]
    assert first.message.startswith("daily 2013-01-06: ")
    assert "spilt" in first.message
    assert first.model == "daily"
    upstream = [e.message for e in result.errors if e.code == "UPSTREAM_FAILED"]
    assert upstream[0] == (
        "trailing 2013-01-06..2013-01-08 was not tried, since it reads daily 2013-01-06, "
        "which was not built"
    )


def test_a_failure_is_cured_by_a_later_run(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "r1", sql=failing(warehouse, "daily", 5, BAD)))
    result = execute(chain.run_inputs(warehouse, "r2"))
    assert result.status is RunStatus.DONE
    assert [model.partitions_skipped for model in result.models] == [11, 9, 5, 0]
    session = warehouse.session()
    relations = [chain.relation(warehouse, name) for name in chain.MODELS]
    assert Ledger(warehouse, warehouse.database).failures(session, relations) == {}


def test_failures_stand_in_the_ledger(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "r1", sql=failing(warehouse, "daily", 5, BAD)))
    relation = chain.relation(warehouse, "daily")
    ledger = Ledger(warehouse, warehouse.database)
    [failure] = ledger.failures(warehouse.session(), [relation])[relation]
    assert (failure.start - FIRST, failure.end - FIRST, failure.run_id) == (5, 6, "r1")
    assert ledger.run(warehouse.session(), "r1").status is RunStatus.FAILED


def test_an_error_points_into_the_users_own_file(warehouse: DoubleAdapter) -> None:
    query = "SELECT d, k,\n  nonsense AS v\nFROM {main}.raw"

    def sql(name: str, chunk: Chunk) -> ChunkSql:
        found = chain.chunk_sql(warehouse, name, chunk, query)
        return ChunkSql(
            select=found.select,
            unguarded=found.unguarded,
            guard_lines=1,
            locate=lambda line, column: SourceSpan(
                file="models/daily.sql", line=line + 10, column=column
            ),
        )

    plan = chain.plan(chain.step("daily", days(0, 4)))
    [error] = execute(chain.run_inputs(warehouse, "r", plan=plan, sql=sql)).errors
    assert error.span == SourceSpan(file="models/daily.sql", line=12, column=3)


def test_an_error_while_rows_are_inserted_points_there_too(warehouse: DoubleAdapter) -> None:
    def sql(name: str, chunk: Chunk) -> ChunkSql:
        query = "SELECT d, k,\n  nonsense AS v\nFROM {main}.raw" if chunk.start > FIRST else None
        found = chain.chunk_sql(warehouse, name, chunk, query)
        span = SourceSpan(file="models/daily.sql", line=1)
        return ChunkSql(
            select=found.select,
            unguarded=found.unguarded,
            guard_lines=1,
            locate=lambda line, column: SourceSpan(file=span.file, line=line, column=column),
        )

    plan = chain.plan(chain.step("daily", days(0, 2), size=1))
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sql=sql))
    assert built(result) == {"daily": 1}
    assert result.errors[0].span == SourceSpan(file="models/daily.sql", line=2, column=3)


def test_sql_that_cannot_be_rendered_fails_its_chunk_with_all_it_says(
    warehouse: DoubleAdapter,
) -> None:
    def sql(name: str, chunk: Chunk) -> ChunkSql:
        if name == "trailing":
            raise ProjectError(
                Diagnostic(code="ONE", message="one"), Diagnostic(code="TWO", message="two")
            )
        return chain.chunk_sql(warehouse, name, chunk)

    plan = chain.plan(*(chain.step(name, days(0, 2)) for name in ("daily", "trailing")))
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sql=sql))
    assert built(result) == {"daily": 2, "trailing": 0}
    assert [error.code for error in result.errors] == ["ONE", "TWO"]


def test_after_so_many_failures_nothing_more_is_tried(warehouse: DoubleAdapter) -> None:
    def sql(name: str, chunk: Chunk) -> ChunkSql:
        return chain.chunk_sql(warehouse, name, chunk, BAD)

    plan = chain.plan(chain.step("daily", chain.ALL, size=1))
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sql=sql, max_failures=2))
    assert len(result.failures) == 2
    assert result.models[0].queries == 2
    assert result.status is RunStatus.FAILED
    assert result.resume == "sqlbackfill resume r"


def test_partitions_that_the_plan_could_not_take_fail_the_run(warehouse: DoubleAdapter) -> None:
    from dataclasses import replace

    withheld = Withheld(
        model="trailing", partitions=days(0, 1), code="UPSTREAM_MISSING", message="no", fix="do"
    )
    plan = replace(chain.plan(chain.step("daily", days(0, 2))), blocked=(withheld,))
    result = execute(chain.run_inputs(warehouse, "r", plan=plan))
    assert result.status is RunStatus.FAILED
    assert [error.code for error in result.errors] == ["UPSTREAM_MISSING"]
    assert result.resume is None, "all that the plan lists was done"


def test_the_document_is_that_of_the_contract(warehouse: DoubleAdapter) -> None:
    plan = chain.plan(chain.step("daily", days(0, 2)))
    document: dict[str, Any] = execute(chain.run_inputs(warehouse, "r", plan=plan)).as_json()
    seconds = document["models"][0].pop("seconds")
    assert seconds > 0
    assert document == {
        "schema_version": 1,
        "run_id": "r",
        "plan_id": "plan-1",
        "status": "done",
        "models": [
            {
                "model": "daily",
                "partitions_built": 2,
                "partitions_skipped": 0,
                "rows": 6,
                "queries": 1,
            }
        ],
        "resume": None,
    }


def test_marks_are_recorded_as_they_were_before_the_chunk_was_read(
    warehouse: DoubleAdapter,
) -> None:
    steps = (chain.step("daily", days(0, 3), size=1), chain.step("trailing", days(0, 3), size=1))
    execute(chain.run_inputs(warehouse, "r", plan=chain.plan(*steps)))
    relation = chain.relation(warehouse, "trailing")
    ledger = Ledger(warehouse, warehouse.database)
    records = ledger.logs(warehouse.session(), [relation])[relation].counting
    assert [record.inputs for record in records] == [{"daily": InputMark("r:2")}] * 3


def test_another_run_that_holds_a_table_keeps_this_one_from_beginning(
    warehouse: DoubleAdapter,
) -> None:
    from datetime import timedelta

    import pytest

    from sqlbackfill.errors import GuardError

    ledger = Ledger(warehouse, warehouse.database)
    session = warehouse.session()
    ledger.prepare(session)
    target = chain.relation(warehouse, "trailing")
    ledger.leases.acquire(session, target, "other", timedelta(minutes=5))
    with pytest.raises(GuardError) as caught:
        execute(chain.run_inputs(warehouse, "r", ledger=ledger))
    assert caught.value.diagnostics[0].code == "LEASE_HELD"
    assert chain.contents(warehouse) == {}
    assert ledger.leases.holder(session, chain.relation(warehouse, "daily")) is None


def test_leases_are_given_back(warehouse: DoubleAdapter) -> None:
    ledger = Ledger(warehouse, warehouse.database)
    execute(
        chain.run_inputs(warehouse, "r", ledger=ledger, sql=failing(warehouse, "daily", 0, BAD))
    )
    session = warehouse.session()
    for name in chain.MODELS:
        assert ledger.leases.holder(session, chain.relation(warehouse, name)) is None


def test_a_run_that_lost_its_lease_commits_nothing_more(warehouse: DoubleAdapter) -> None:
    def sink(event: events.Event) -> None:
        if isinstance(event, events.ChunkStarted) and event.chunk.start == FIRST + 4:
            warehouse.session().execute(
                "UPDATE sqlbackfill.lease SET owner = 'other', token = token + 1 "
                "WHERE table_name = 'daily'"
            )

    plan = chain.plan(chain.step("daily", chain.ALL))
    result = execute(chain.run_inputs(warehouse, "r", plan=plan, sink=sink))
    assert built(result) == {"daily": 4}
    assert [error.code for error in result.errors] == ["LEASE_LOST", "LEASE_LOST"]
    assert chain.disagreements(warehouse) == []


def test_the_ledger_tells_what_was_done_failed_and_blocked(warehouse: DoubleAdapter) -> None:
    execute(chain.run_inputs(warehouse, "r", sql=failing(warehouse, "daily", 5, BAD)))
    session = warehouse.session()
    progress = Ledger(warehouse, warehouse.database).progress(session, ["r"])["r"]
    assert progress.partitions_done == 11 + 9 + 5
    assert progress.partitions_failed == 1
    assert progress.partitions_blocked == 3 + 7 + 1
