"""One chunk: what it checks of its rows and of its table before it is committed."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from sqlbackfill.errors import Diagnostic, SqlbackfillError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk
from sqlbackfill.project.config import OnSchemaChange
from sqlbackfill.run import events
from sqlbackfill.run.execute import execute
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.run.result import RunResult
from sqlbackfill.warehouse.double import DoubleAdapter, Moment
from sqlbackfill.warehouse.protocol import TableKind
from tests.crash import chain

FIRST = chain.FIRST
PLAIN = "SELECT d, k, v FROM {main}.raw"


def days(start: int, end: int) -> PartitionSet:
    return PartitionSet.span(FIRST + start, FIRST + end)


def build(
    warehouse: DoubleAdapter,
    query: str = PLAIN,
    *,
    run_id: str = "r",
    partitions: PartitionSet | None = None,
    size: int = 4,
    home: PartitionSet | None = None,
    model: dict[str, Any] | None = None,
    **changes: Any,
) -> RunResult:
    """A run of `daily` alone, its first four days in one chunk unless told otherwise."""

    def sql(name: str, chunk: Chunk) -> ChunkSql:
        found = chain.chunk_sql(warehouse, name, chunk, query)
        return ChunkSql(select=found.select, unguarded=found.unguarded, guard_lines=1, home=home)

    plan = chain.plan(chain.step("daily", partitions or days(0, 4), size=size))
    models = chain.planned_models(warehouse, daily=model or {})
    values: dict[str, Any] = {"plan": plan, "models": models, "sql": sql, "already": {}, **changes}
    return execute(chain.run_inputs(warehouse, run_id, **values))


def only_error(result: RunResult) -> Diagnostic:
    [error] = result.errors
    return error


def count(warehouse: DoubleAdapter, where: str = "true") -> int:
    return int(warehouse.session().execute(f"SELECT COUNT(*) FROM daily WHERE {where}")[0][0])


def warnings_of(seen: list[events.Event]) -> list[Diagnostic]:
    return [w for e in seen if isinstance(e, events.ChunkFinished) for w in e.warnings]


@pytest.mark.parametrize("size", [1, 4])
def test_rows_that_would_be_replaced_by_none_stop_the_run(
    warehouse: DoubleAdapter, size: int
) -> None:
    build(warehouse)
    warehouse.session().execute("DELETE FROM raw WHERE d = '2013-01-03'")
    result = build(warehouse, run_id="again", size=size)
    assert result.status is RunStatus.STOPPED
    assert result.exit_code == 3
    assert result.resume == "sqlbackfill resume again"
    error = only_error(result)
    assert error.code == "EMPTY_REPLACEMENT"
    assert "6 rows of 2013-01-03 would be replaced by none" in error.message
    assert "--allow-empty" in str(error.fix)
    assert count(warehouse) == 24
    assert chain.disagreements(warehouse) == []


def test_an_empty_replacement_is_made_where_it_is_allowed(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    warehouse.session().execute("DELETE FROM raw WHERE d = '2013-01-03'")
    assert build(warehouse, run_id="again", allow_empty=True).status is RunStatus.DONE
    assert count(warehouse) == 18
    assert chain.disagreements(warehouse) == []


def test_a_day_that_never_had_rows_may_stay_empty(warehouse: DoubleAdapter) -> None:
    warehouse.session().execute("DELETE FROM raw WHERE d = '2013-01-03'")
    assert build(warehouse).status is RunStatus.DONE
    assert build(warehouse, run_id="again").status is RunStatus.DONE


def test_a_guard_and_a_failure_together_are_a_failure(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    warehouse.session().execute("DELETE FROM raw WHERE d = '2013-01-02'")
    query = (
        "SELECT d, k, CASE WHEN d = '2013-01-04' THEN CAST(error('x') AS BIGINT) ELSE v END AS v "
        "FROM {main}.raw"
    )
    result = build(warehouse, query, run_id="again", size=1)
    assert sorted(error.code for error in result.errors) == ["EMPTY_REPLACEMENT", "QUERY_FAILED"]
    assert result.status is RunStatus.FAILED
    assert result.models[0].partitions_built == 2


def test_another_column_list_is_refused_with_the_difference(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    result = build(warehouse, "SELECT d, CAST(k AS VARCHAR) AS k, 1 AS n FROM {main}.raw")
    error = only_error(result)
    assert error.code == "SCHEMA_CHANGED"
    assert error.message.endswith(
        "differ from its table's: new n INTEGER, gone v BIGINT, changed k from BIGINT to VARCHAR"
    )
    assert count(warehouse) == 24


def test_order_and_case_of_columns_do_not_matter(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    before = chain.contents(warehouse)
    assert build(warehouse, "SELECT v AS V, D, k FROM {main}.raw").status is RunStatus.DONE
    assert chain.contents(warehouse) == before


def test_new_columns_are_appended_where_the_model_says_so(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    appending = {"on_schema_change": OnSchemaChange.APPEND_NEW_COLUMNS}
    result = build(
        warehouse, "SELECT d, k, 7 AS seven FROM {main}.raw", partitions=days(2, 6), model=appending
    )
    assert result.status is RunStatus.DONE
    assert count(warehouse, "seven = 7 AND v IS NULL") == 24
    assert count(warehouse, "seven IS NULL AND v IS NOT NULL") == 12
    assert chain.disagreements(warehouse) == []


def test_a_changed_type_is_refused_even_then(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    appending = {"on_schema_change": OnSchemaChange.APPEND_NEW_COLUMNS}
    query = "SELECT d, k, CAST(v AS DOUBLE) AS v FROM {main}.raw"
    assert only_error(build(warehouse, query, model=appending)).code == "SCHEMA_CHANGED"


def test_a_column_appended_by_a_chunk_that_fails_is_gone_again(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    appending = {"on_schema_change": OnSchemaChange.APPEND_NEW_COLUMNS}
    query = "SELECT d, k, v, CAST(error('x') AS INTEGER) AS n FROM {main}.raw"
    build(warehouse, query, model=appending)
    table = warehouse.session().table(chain.relation(warehouse, "daily"))
    assert table is not None
    assert [column.name for column in table.columns] == ["d", "k", "v"]


def test_a_partition_column_of_another_type_than_planned_is_refused(
    warehouse: DoubleAdapter,
) -> None:
    error = only_error(build(warehouse, "SELECT CAST(d AS TIMESTAMP) AS d, k FROM {main}.raw"))
    assert error.code == "PARTITION_COLUMN_TYPE"
    assert "is TIMESTAMP, but the partitions of daily are planned on a date column" in error.message


def test_a_partition_column_that_the_query_lacks_is_refused(warehouse: DoubleAdapter) -> None:
    def sql(name: str, chunk: Chunk) -> ChunkSql:
        text = chain.chunk_sql(warehouse, name, chunk, "SELECT k FROM {main}.raw").unguarded
        return ChunkSql(select=text, unguarded=text)

    assert only_error(build(warehouse, sql=sql)).code == "PARTITION_COLUMN_MISSING"


def test_rows_that_a_wrong_guard_lets_through_are_not_kept(warehouse: DoubleAdapter) -> None:
    def sql(name: str, chunk: Chunk) -> ChunkSql:
        text = chain.chunk_sql(warehouse, name, chunk, PLAIN).unguarded
        return ChunkSql(select=text, unguarded=text)

    assert only_error(build(warehouse, sql=sql)).code == "ROWS_OUTSIDE_CHUNK"
    assert chain.contents(warehouse) == {}


def test_a_view_in_the_tables_place_is_refused(warehouse: DoubleAdapter) -> None:
    warehouse.session().execute("CREATE VIEW daily AS SELECT * FROM raw")
    assert only_error(build(warehouse)).code == "NOT_A_TABLE"


def test_a_table_of_another_tool_is_given_an_identity_with_its_first_chunk(
    warehouse: DoubleAdapter,
) -> None:
    warehouse.session().execute("CREATE TABLE daily AS FROM raw")
    result = build(warehouse, partitions=days(1, 2))
    assert result.status is RunStatus.DONE
    table = warehouse.session().table(chain.relation(warehouse, "daily"))
    assert table is not None
    ledger = Ledger(warehouse, warehouse.database)
    [record] = ledger.logs(warehouse.session(), [table.relation])[table.relation].counting
    assert record.identity == table.identity
    assert count(warehouse) == 72


# Bounds of the author's own.

BOUNDED = {"has_author_bounds": True}


def test_rows_outside_what_the_author_reads_are_an_error_that_shows_three(
    warehouse: DoubleAdapter,
) -> None:
    shifted = "SELECT d + 2 AS d, k, v FROM {main}.raw WHERE d < '2013-01-05'"
    result = build(warehouse, shifted, model=BOUNDED, home=days(0, 4))
    error = only_error(result)
    assert error.code == "ROWS_WITHOUT_A_HOME"
    assert "12 rows lie in partitions that the model's own bounds do not read" in error.message
    shown = [text for label, text in error.notes if label == "row"]
    assert shown == [f"d=2013-01-05, k={k}, v={v}" for k, v in ((0, 12), (0, 15), (1, 13))]
    assert chain.contents(warehouse) == {}
    assert staging_tables(warehouse) == []


def test_rows_that_the_author_reads_of_other_partitions_are_left_out_with_a_warning(
    warehouse: DoubleAdapter,
) -> None:
    seen: list[events.Event] = []
    result = build(
        warehouse,
        "SELECT d, k, v FROM {main}.raw WHERE d < '2013-01-07'",
        model=BOUNDED,
        home=days(0, 6),
        sink=seen.append,
    )
    assert result.status is RunStatus.DONE
    [warning] = warnings_of(seen)
    assert warning.code == "ROWS_OF_OTHER_PARTITIONS"
    assert (
        "12 rows of other partitions than 2013-01-01..2013-01-04 were left out" in warning.message
    )
    assert count(warehouse) == 24


def test_rows_without_a_partition_are_never_written_and_counted(warehouse: DoubleAdapter) -> None:
    seen: list[events.Event] = []
    query = (
        "SELECT CASE WHEN v < 5 THEN NULL ELSE d END AS d, k, v FROM {main}.raw "
        "WHERE d < '2013-01-05'"
    )
    result = build(warehouse, query, model=BOUNDED, home=days(0, 4), sink=seen.append)
    assert result.status is RunStatus.DONE
    [warning] = warnings_of(seen)
    assert warning.code == "NULL_PARTITION"
    nulls = warehouse.session().execute("SELECT COUNT(*) FROM raw WHERE v < 5 AND d < '2013-01-05'")
    assert warning.message.startswith(f"{nulls[0][0]} rows whose `d` is NULL")
    assert count(warehouse) == 24 - nulls[0][0]
    assert chain.disagreements(warehouse) == []


def test_without_bounds_of_the_author_nothing_is_staged(warehouse: DoubleAdapter) -> None:
    build(warehouse)
    assert not [o for o in warehouse.log if "TEMPORARY" in o.sql]


def staging_tables(warehouse: DoubleAdapter) -> list[str]:
    rows = warehouse.session().execute("SELECT table_name FROM duckdb_tables() WHERE temporary")
    return [str(name) for (name,) in rows]


# Other warehouses.


def strict() -> DoubleAdapter:
    """A warehouse that stages, and where DDL would commit the transaction: it refuses it inside."""
    adapter = DoubleAdapter(transactional_ddl=False, stages=True)
    chain.make_source(adapter.session())
    return adapter


def test_no_ddl_stands_between_begin_and_commit_where_it_would_commit() -> None:
    adapter = strict()
    assert build(adapter, partitions=days(0, 8)).status is RunStatus.DONE
    assert build(adapter, run_id="again", partitions=days(2, 6)).status is RunStatus.DONE
    staged = [o for o in adapter.log if "CREATE OR REPLACE TEMPORARY TABLE" in o.sql]
    assert len(staged) == 3
    assert chain.disagreements(adapter) == []
    adapter.close()


def test_a_staging_table_is_dropped_after_a_failure_too() -> None:
    adapter = strict()
    build(adapter, "SELECT d, k, CAST(error('x') AS INTEGER) AS v FROM {main}.raw")
    made = [o for o in adapter.log if o.sql.startswith("CREATE OR REPLACE TEMPORARY TABLE")]
    dropped = [o for o in adapter.log if o.sql.startswith("DROP TABLE IF EXISTS")]
    assert len(made) == len(dropped) > 0
    adapter.close()


def test_a_whole_table_is_swapped_where_ddl_commits_and_nothing_stands_recorded_meanwhile() -> None:
    adapter = strict()
    plan = chain.plan(chain.step("daily", days(0, 2)), chain.step("summary", days(0, 1)))
    for run_id in ("first", "again"):
        result = execute(chain.run_inputs(adapter, run_id, plan=plan, already={}))
        assert result.status is RunStatus.DONE, result.failed
    statements = [o.sql for o in adapter.log]
    made = [at for at, sql in enumerate(statements) if sql.startswith("ALTER TABLE")]
    begins = [at for at, sql in enumerate(statements) if sql == "BEGIN"]
    commits = [at for at, sql in enumerate(statements) if sql == "COMMIT"]
    assert made
    for at in made:
        last_begin = max(begin for begin in begins if begin < at)
        assert last_begin < max(commit for commit in commits if commit < at)
    ledger = Ledger(adapter, adapter.database)
    actions = adapter.session().execute(
        f"SELECT action FROM {ledger.place.sql('partition_log')} WHERE model = 'summary' ORDER BY seq"
    )
    assert [action for (action,) in actions] == ["forgotten", "built"] * 2
    adapter.close()


@pytest.mark.parametrize("moment", Moment)
def test_wherever_the_swap_of_a_whole_table_breaks_off_it_does_not_count_as_built(
    moment: Moment,
) -> None:
    """At each operation of a second build: the record that stands is of the table that stands."""
    plan = chain.plan(chain.step("daily", days(0, 2)), chain.step("summary", days(0, 1)))
    second = chain.plan(chain.step("summary", days(0, 1)))
    for at in range(200):
        adapter = strict()
        assert execute(chain.run_inputs(adapter, "first", plan=plan)).status is RunStatus.DONE
        before = len(adapter.log)
        adapter.fail(before + 1 + at, moment=moment)
        with contextlib.suppress(SqlbackfillError):
            execute(chain.run_inputs(adapter, "again", plan=second, already={}))
        if len(adapter.log) <= before + at:
            return
        session, relation = adapter.session(), chain.relation(adapter, "summary")
        table = session.table(relation)  # gone in the midst of the double's swap
        log = Ledger(adapter, adapter.database).logs(session, [relation])[relation]
        for island in log.counting:
            assert table is not None
            assert island.identity == table.identity
        adapter.close()
    raise AssertionError("the run has more operations than were tried")


# Whole tables and views.


def summarise(warehouse: DoubleAdapter, query: str, run_id: str = "r", **model: Any) -> RunResult:
    plan = chain.plan(chain.step("summary", days(0, 1)))
    return execute(
        chain.run_inputs(
            warehouse,
            run_id,
            plan=plan,
            already={},
            models=chain.planned_models(warehouse, summary=model),
            sql=lambda name, chunk: chain.chunk_sql(warehouse, name, chunk, query),
        )
    )


def identity(warehouse: DoubleAdapter) -> str | None:
    table = warehouse.session().table(chain.relation(warehouse, "summary"))
    return table.identity if table else None


def test_a_whole_table_is_replaced_and_gets_another_identity(warehouse: DoubleAdapter) -> None:
    assert summarise(warehouse, "SELECT k, v FROM {main}.raw").status is RunStatus.DONE
    first = identity(warehouse)
    assert summarise(warehouse, "SELECT k, 'x' AS other FROM raw", "r2").status is RunStatus.DONE
    second = identity(warehouse)
    assert first is not None
    assert second is not None
    assert first != second
    assert chain.disagreements(warehouse) == []
    names = warehouse.session().execute("SELECT table_name FROM duckdb_tables() ORDER BY 1")
    assert [n for (n,) in names if "summary" in n] == ["summary"]


def test_a_whole_table_may_read_itself(warehouse: DoubleAdapter) -> None:
    summarise(warehouse, "SELECT k, v FROM {main}.raw")
    assert (
        summarise(warehouse, "SELECT k, v FROM {this} WHERE k = 1", "r2").status is RunStatus.DONE
    )
    assert len(chain.contents(warehouse)["summary"]) == 24


def test_a_whole_table_is_not_replaced_by_an_empty_one(warehouse: DoubleAdapter) -> None:
    summarise(warehouse, "SELECT k, v FROM {main}.raw")
    result = summarise(warehouse, "SELECT k, v FROM {main}.raw WHERE false", "r2")
    assert result.status is RunStatus.STOPPED
    error = only_error(result)
    assert error.message == "summary: 72 rows of the whole table would be replaced by none"
    assert len(chain.contents(warehouse)["summary"]) == 72


def test_a_failing_query_leaves_the_old_table(warehouse: DoubleAdapter) -> None:
    summarise(warehouse, "SELECT k, v FROM {main}.raw")
    before = identity(warehouse)
    result = summarise(warehouse, "SELECT CAST(error('x') AS INTEGER) AS k FROM {main}.raw", "r2")
    assert result.status is RunStatus.FAILED
    assert identity(warehouse) == before
    assert len(chain.contents(warehouse)["summary"]) == 72


def test_a_view_is_made_replaced_and_recorded(warehouse: DoubleAdapter) -> None:
    for run_id, expected in (("r1", 72), ("r2", 24)):
        query = "SELECT * FROM {main}.raw" + (" WHERE k = 0" if expected == 24 else "")
        result = summarise(warehouse, query, run_id, kind=TableKind.VIEW)
        assert result.status is RunStatus.DONE
        assert len(chain.contents(warehouse)["summary"]) == expected
        table = warehouse.session().table(chain.relation(warehouse, "summary"))
        assert table is not None
        assert table.kind is TableKind.VIEW
        ledger = Ledger(warehouse, warehouse.database)
        [record] = ledger.logs(warehouse.session(), [table.relation])[table.relation].counting
        assert (record.end_key, record.run_id, record.identity) == ("*", run_id, table.identity)


def test_a_table_of_ours_gives_way_to_a_view_and_a_strangers_does_not(
    warehouse: DoubleAdapter,
) -> None:
    summarise(warehouse, "SELECT k FROM {main}.raw")
    made = summarise(warehouse, "SELECT k FROM {main}.raw", "r2", kind=TableKind.VIEW)
    assert made.status is RunStatus.DONE
    session = warehouse.session()
    session.execute("DROP VIEW summary")
    session.execute("CREATE TABLE summary AS FROM raw")
    refused = summarise(warehouse, "SELECT k FROM {main}.raw", "r3", kind=TableKind.VIEW)
    assert only_error(refused).code == "NOT_A_TABLE"
    assert len(chain.contents(warehouse)["summary"]) == 72
