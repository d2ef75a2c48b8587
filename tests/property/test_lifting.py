"""A lifted query against one query for each partition, on DuckDB (theorem T3).

The trial that the app makes on random rows is left out here: what the text and the engine's binder
let through must hold without it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pytest

from sqlbackfill.app import lifted_sql
from sqlbackfill.app.lifted_sql import guarded, lifted_query
from sqlbackfill.app.trial_tables import TrialTables, as_multiset, trial_session
from sqlbackfill.errors import WarehouseError
from sqlbackfill.partitions.bounds import BoundType, print_bound
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.query import splice
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, QueryFacts
from sqlbackfill.query.lift import lift_slots
from sqlbackfill.query.splice import with_bounds, with_spine
from sqlbackfill.query.values import END, START
from sqlbackfill.run.inputs import RowTests
from sqlbackfill.run.literals import partitions_predicate
from tests.property.lift_queries import REFS, QueryMaker

QUERIES = 250
DATABASES = 3
ROWS = 12
SEED = 20130105
DAYS = TimePartitioning(grain=Grain.parse("day"), column_type=BoundType.DATE)
FIRST = DAYS.ordinal(date(2013, 1, 4))
CHUNK = PartitionSet.span(FIRST, FIRST + 4)
ANCHORS = tuple(DAYS.bounds(FIRST + step)[0] for step in range(5))


@dataclass(frozen=True)
class Case:
    request: AnalysisRequest
    facts: QueryFacts
    single: tuple[str, ...]
    lifted: str


@contextmanager
def databases(dice: random.Random) -> Iterator[list[TrialTables]]:
    """Databases with the inputs' tables, each under the names that queries use."""
    tables = []
    with trial_session() as session:
        for number in range(DATABASES):
            session.execute(f"CREATE SCHEMA s{number}")
            session.execute(f"USE memory.s{number}")
            one = TrialTables(session, dict(REFS), ())
            one.create()
            one.fill(one.random_rows(dice, ANCHORS, ROWS))
            tables.append(one)
        yield tables


def case_of(request: AnalysisRequest, spined: str, facts: QueryFacts, tables: TrialTables) -> Case:
    reading = TrialTables(tables.session, request.occurrences, facts.occurrences)
    single = []
    for ordinal in CHUNK.ordinals():
        start, end = (print_bound(bound, BoundType.DATE) for bound in DAYS.bounds(ordinal))
        own = partitions_predicate('"day"', DAYS, PartitionSet.single(ordinal), "duckdb")
        query = reading.query(with_bounds(request.sql, start, end))
        single.append(f"SELECT * FROM ({query}) AS q WHERE {own}")
    lifted = guarded(lifted_query(str(reading.query(spined)), DAYS, CHUNK), '"day"', "q")
    return Case(request, facts, tuple(single), lifted)


def differs(case: Case, tables: list[TrialTables]) -> str | None:
    """`refused` by the binder, the database where the rows differ, or None."""
    session = tables[0].session
    try:
        session.execute(f"EXPLAIN {case.lifted}")
        if session.describe(case.lifted) != session.describe(case.single[0]):
            return "refused"
    except WarehouseError:
        return "refused"
    for number in range(len(tables)):
        session.execute(f"USE memory.s{number}")
        expected = [row for sql in case.single for row in session.execute(sql)]
        try:
            rows = session.execute(case.lifted)
        except WarehouseError as error:
            return f"failed {error}"
        if as_multiset(expected) != as_multiset(rows):
            return f"database {number}"
    return None


def outcomes(
    queries: int, seed: int, *, stop: bool = False
) -> tuple[Counter[str], list[tuple[Case, str]]]:
    """What came of the queries, and those with wrong rows; with `stop` only until the first."""
    dice = random.Random(seed)
    maker = QueryMaker(dice)
    counts: Counter[str] = Counter()
    wrong = []
    with databases(dice) as tables:
        for _ in range(queries):
            request = maker.request()
            facts = analyse(request)
            slots = lift_slots(request, facts, BoundType.DATE)
            if slots is None:
                counts["range by T2" if len(facts.strategies) > 1 else "pinned"] += 1
                continue
            spined = with_spine(request.sql, slots)
            assert spined is not None
            case = case_of(request, spined, facts, tables[0])
            found = differs(case, tables)
            counts["equal" if found is None else found.split()[0]] += 1
            if found not in (None, "refused"):
                wrong.append((case, str(found)))
                if stop:
                    break
    return counts, wrong


@pytest.mark.slow
def test_a_lifted_query_gives_the_rows_of_one_query_per_partition() -> None:
    counts, wrong = outcomes(QUERIES, SEED)
    assert not [(case.request.sql, found) for case, found in wrong[:3]]
    assert counts["equal"] >= QUERIES // 3, counts


def test_a_spine_whose_partitions_end_where_they_start_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(splice, "_VALUES", {START: "__sb_lo", END: "__sb_lo"})
    assert outcomes(QUERIES, SEED, stop=True)[1]


def test_rows_that_are_not_held_to_their_own_partition_are_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifted_sql, "row_tests", lambda _: RowTests(own="TRUE", home="TRUE"))
    assert outcomes(QUERIES, SEED, stop=True)[1]
