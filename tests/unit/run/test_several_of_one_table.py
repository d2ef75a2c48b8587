"""Chunks of one table side by side, where chunks are staged: computed together, published one by one."""

from __future__ import annotations

import itertools
import re
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sqlbackfill.errors import Diagnostic, TransientError
from sqlbackfill.ledger.ledger import Ledger
from sqlbackfill.ledger.records import RunStatus
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk, Plan, Reason
from sqlbackfill.run.backoff import Backoff
from sqlbackfill.run.execute import execute
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.warehouse.double import DoubleAdapter, Moment, Operation, Script
from tests.crash import chain

WORKERS = 4
ENDLESS = (
    "SELECT d, k, v + (SELECT COUNT(*) FROM range(100000000000) a WHERE hash(a.range) = 8) AS v "
    "FROM {main}.raw"
)
PATIENCE_S = 20.0


class Staged(Script):
    """A script that calls `at_stage` before each stage is filled, `at_commit` before each COMMIT.

    The latter for those alone that publish rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at_stage: Callable[[Operation], None] = lambda _: None
        self.at_commit: Callable[[Operation], None] = lambda _: None
        self._writing: set[int] = set()

    def strike(self, operation: Operation, moment: Moment) -> None:
        if moment is Moment.BEFORE and is_staging(operation):
            self.at_stage(operation)
        if is_publishing(operation):
            self._writing.add(operation.session)
        if moment is Moment.BEFORE and operation.sql == "COMMIT":
            if operation.session in self._writing:
                self.at_commit(operation)
            self._writing.discard(operation.session)
        super().strike(operation, moment)


def is_staging(operation: Operation) -> bool:
    return "sqlbackfill_stage_" in operation.sql and operation.sql.startswith("CREATE")


def is_publishing(operation: Operation) -> bool:
    return operation.sql.startswith('DELETE FROM "memory"."main"."daily"')


@pytest.fixture(params=[True, False], ids=["DDL rolls back", "DDL commits"])
def staging(request: pytest.FixtureRequest) -> Iterator[DoubleAdapter]:
    adapter = DoubleAdapter(stages=True, transactional_ddl=request.param)
    adapter.script = Staged()
    session = adapter.session()
    chain.make_source(session)
    session.close()
    yield adapter
    adapter.close()


def script_of(adapter: DoubleAdapter) -> Staged:
    assert isinstance(adapter.script, Staged)
    return adapter.script


def days(start: int, end: int) -> PartitionSet:
    return PartitionSet.span(chain.FIRST + start, chain.FIRST + end)


def one_table(size: int = 1, reason: Reason = Reason.REQUESTED) -> Plan:
    return chain.plan(replace(chain.step("daily", chain.ALL, size=size), reason=reason))


def meeting(count: int) -> Callable[[Operation], None]:
    """The first `count` that call it wait for one another; raises where they do not meet."""
    barrier, called = threading.Barrier(count), iter(range(1_000_000))

    def call(_operation: Operation) -> None:
        if next(called) < count:
            barrier.wait(PATIENCE_S)

    return call


def transactions(adapter: DoubleAdapter) -> list[tuple[int, int]]:
    """Where in the log each transaction that publishes began and ended."""
    begun: dict[int, int] = {}
    publishing: set[int] = set()
    found = []
    for operation in adapter.log:
        if operation.sql == "BEGIN":
            begun[operation.session] = operation.number
        elif is_publishing(operation):
            publishing.add(operation.session)
        elif operation.sql in ("COMMIT", "ROLLBACK") and operation.session in publishing:
            publishing.remove(operation.session)
            found.append((begun[operation.session], operation.number))
    return found


def expected() -> dict[str, object]:
    adapter = DoubleAdapter()
    session = adapter.session()
    chain.make_source(session)
    session.close()
    assert execute(chain.run_inputs(adapter, "r", plan=one_table(4))).status is RunStatus.DONE
    found: dict[str, object] = dict(chain.contents(adapter))
    adapter.close()
    return found


def test_chunks_of_one_table_are_staged_side_by_side_and_published_one_by_one(
    staging: DoubleAdapter,
) -> None:
    script_of(staging).at_stage = meeting(WORKERS)
    result = execute(chain.run_inputs(staging, "r", plan=one_table(), max_parallel=WORKERS))
    assert result.status is RunStatus.DONE
    spans = transactions(staging)
    assert len(spans) == chain.COUNT
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(spans))
    assert len({operation.session for operation in staging.log if is_staging(operation)}) == WORKERS
    assert chain.contents(staging) == expected()
    assert chain.disagreements(staging) == []


def test_the_table_of_a_first_build_is_made_once(staging: DoubleAdapter) -> None:
    script_of(staging).at_stage = meeting(WORKERS)
    execute(chain.run_inputs(staging, "r", plan=one_table(), max_parallel=WORKERS))
    made = [o for o in staging.log if re.match(r'CREATE TABLE "memory"."main"."daily"', o.sql)]
    assert len(made) == 1
    session = staging.session()
    try:
        log = Ledger(staging, staging.database).logs(session, [chain.relation(staging, "daily")])
        [records] = log.values()
        assert len({record.identity for record in records.counting}) == 1
    finally:
        session.close()


def test_where_nothing_is_staged_one_chunk_of_a_table_is_written_at_a_time(
    warehouse: DoubleAdapter,
) -> None:
    execute(chain.run_inputs(warehouse, "r", plan=one_table(), max_parallel=WORKERS))
    inserted = [o for o in warehouse.log if o.sql.startswith('INSERT INTO "memory"."main"."daily"')]
    assert len(inserted) == chain.COUNT
    assert len({operation.session for operation in inserted}) == 1


def test_records_of_one_table_are_committed_in_the_order_of_their_numbers(
    staging: DoubleAdapter,
) -> None:
    seen: list[int] = []
    table = f'"{staging.database}"."sqlbackfill"."partition_log"'

    def look(_operation: Operation) -> None:
        session = staging.inner.session()
        try:
            [(highest,)] = session.execute(f"SELECT coalesce(max(seq), 0) FROM {table}")
            seen.append(highest)
        finally:
            session.close()

    script_of(staging).at_commit = look
    execute(chain.run_inputs(staging, "r", plan=one_table(), max_parallel=WORKERS))
    assert len(seen) == chain.COUNT
    assert seen == sorted(set(seen)), "each finds all before it"


def test_a_bad_day_among_chunks_side_by_side_costs_that_day_alone(staging: DoubleAdapter) -> None:
    bad = (
        "SELECT d, k, CAST(CASE WHEN d = DATE '2013-01-06' THEN 'x' ELSE '1' END AS INTEGER) AS v "
        "FROM {main}.raw"
    )
    result = execute(
        chain.run_inputs(
            staging,
            "r",
            plan=one_table(4),
            max_parallel=WORKERS,
            sql=lambda name, chunk: chain.chunk_sql(staging, name, chunk, bad),
        )
    )
    assert result.status is RunStatus.FAILED
    assert [failure.chunk for failure in result.failures] == [
        Chunk(chain.FIRST + 5, chain.FIRST + 6)
    ]
    assert result.models[0].partitions_built == chain.COUNT - 1
    assert chain.disagreements(staging) == []


def test_while_the_outcome_of_a_commit_is_unknown_nobody_else_publishes(
    staging: DoubleAdapter,
) -> None:
    """Records with higher numbers would hide that this one's came later."""

    def lost() -> Exception:
        return TransientError(Diagnostic(code="CONNECTION_LOST", message="lost"))

    struck: list[int] = []

    def lose_the_answer(operation: Operation) -> None:
        if not struck:
            struck.append(operation.number)
            staging.fail(operation.number, moment=Moment.AFTER, error=lost)

    class Deaf(Staged):
        """Nor can it be read back on the session that lost it."""

        def strike(self, operation: Operation, moment: Moment) -> None:
            if struck and moment is Moment.BEFORE and operation.number > struck[0]:
                lost_in = self.log[struck[0] - 1].session
                if operation.session == lost_in and "partition_log" in operation.sql:
                    raise lost()
            super().strike(operation, moment)

    staging.script = Deaf()
    staging.script.at_commit = lose_the_answer
    staging.script.at_stage = meeting(WORKERS)
    backoff = Backoff(first_s=0.5)
    inputs = chain.run_inputs(staging, "r", plan=one_table(), max_parallel=WORKERS, backoff=backoff)
    assert execute(inputs).status is RunStatus.DONE
    [at] = struck
    later = [o for o in staging.log if o.number > at]
    read_back = next(
        o.number
        for o in later
        if "start_ordinal, end_ordinal" in o.sql and o.session != staging.log[at - 1].session
    )
    assert not [o for o in later if is_publishing(o) and o.number < read_back]
    assert chain.contents(staging) == expected()
    assert chain.disagreements(staging) == []


def test_all_that_are_computed_are_given_up_together(staging: DoubleAdapter) -> None:
    together, once = meeting(WORKERS), threading.Lock()

    def stop(operation: Operation) -> None:
        together(operation)
        if once.acquire(blocking=False):
            signal.raise_signal(signal.SIGTERM)

    script_of(staging).at_stage = stop
    result = execute(
        chain.run_inputs(
            staging,
            "r",
            plan=one_table(),
            max_parallel=WORKERS,
            sql=lambda name, chunk: chain.chunk_sql(staging, name, chunk, ENDLESS),
        )
    )
    assert result.status is RunStatus.INTERRUPTED
    assert not result.is_left
    assert sum(map(is_staging, staging.log)) == WORKERS
    assert chain.contents(staging).get("daily", []) == []
    assert chain.disagreements(staging) == []


def test_those_that_wait_for_their_turn_end_when_the_run_is_given_up(
    staging: DoubleAdapter,
) -> None:
    """The one that publishes goes on: its COMMIT is not to be interrupted."""
    ended = threading.Event()

    def hold(_operation: Operation) -> None:
        if not ended.is_set():
            ended.set()
            signal.raise_signal(signal.SIGTERM)
            threading.Event().wait(0.5)

    script_of(staging).at_stage = meeting(WORKERS)
    script_of(staging).at_commit = hold
    result = execute(
        chain.run_inputs(staging, "r", plan=one_table(), max_parallel=WORKERS, grace_s=0.2)
    )
    assert result.status is RunStatus.INTERRUPTED
    assert not result.is_left
    assert result.models[0].partitions_built == 1
    assert chain.disagreements(staging) == []


def test_a_chunk_is_not_said_to_have_taken_what_it_waited_for_its_turn(
    staging: DoubleAdapter,
) -> None:
    """Later plans are cut by what chunks of a model took."""
    script_of(staging).at_stage = meeting(WORKERS)
    script_of(staging).at_commit = lambda _: threading.Event().wait(0.2) and None
    plan = chain.plan(chain.step("daily", days(0, WORKERS), size=1))
    execute(chain.run_inputs(staging, "r", plan=plan, max_parallel=WORKERS))
    relation = chain.relation(staging, "daily")
    session = staging.session()
    try:
        ledger = Ledger(staging, staging.database)
        islands, _ = ledger.history(session, relation)
        details = ledger.details(session, relation, [island.seq for island in islands])
    finally:
        session.close()
    took = sorted(each.seconds for each in details.values())
    assert len(took) == WORKERS
    assert took[-1] < took[0] + 0.4, "the last one waited 0.6 s"


def test_a_schema_change_is_rebuilt_one_chunk_at_a_time(staging: DoubleAdapter) -> None:
    def sql(name: str, chunk: Chunk) -> ChunkSql:
        return chain.chunk_sql(staging, name, chunk)

    plan = one_table(reason=Reason.SCHEMA_CHANGE)
    execute(chain.run_inputs(staging, "r", plan=plan, max_parallel=WORKERS, sql=sql))
    assert len({operation.session for operation in staging.log if is_staging(operation)}) == 1
    assert chain.disagreements(staging) == []


@pytest.mark.parametrize("workers", [2, 8])
def test_the_whole_chain_has_the_same_rows_with_several_workers(
    staging: DoubleAdapter, workers: int
) -> None:
    one = DoubleAdapter()
    session = one.session()
    chain.make_source(session)
    session.close()
    steps = tuple(chain.step(name, chain.ALL, size=2) for name in chain.MODELS)
    plan = chain.plan(*steps)
    execute(chain.run_inputs(one, "r", plan=plan))
    result = execute(chain.run_inputs(staging, "r", plan=plan, max_parallel=workers))
    assert result.status is RunStatus.DONE
    assert chain.contents(staging) == chain.contents(one)
    assert chain.disagreements(staging) == []
    one.close()
