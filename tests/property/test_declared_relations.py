"""Declared relations: where they hold of the data no row is wrong, where they do not `verify` has a row to show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import duckdb
import pytest

from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, DeclaredRelation, InputRef, QueryFacts
from sqlbackfill.query.relations import contradiction
from tests.property import window_harness
from tests.property.random_queries import TABLES, Query
from tests.property.window_harness import Counts, Databases, run

SEED = 20131103
QUERIES = 25
DATABASES = 3
TIMES = 12  # the partitions of each written query are other ones


@dataclass(frozen=True, slots=True)
class Declared:
    """A condition, the assignment that makes it hold of every row, and a partition that relies on it."""

    holds: str
    assignment: str
    partition: str = "x.d"

    @property
    def relation(self) -> DeclaredRelation:
        return DeclaredRelation(holds=self.holds, reason="as made", dialect="duckdb")

    @property
    def written(self) -> tuple[Query, ...]:
        """Queries that rely on it, whatever the generator of random ones makes."""
        values = ("x.id", "count(*) over (partition by x.d)", "sum(x.v) over (order by x.d, x.id)")
        return tuple(
            Query(
                f"select {self.partition} as p, {v} as v from __sb_occurrence_0__ as x", (t,), "UTC"
            )
            for v in values
            for t in TABLES
        )


RELATIONS = (
    Declared("d = ts::date", "d = ts::date"),
    Declared("e >= d and e <= d + 2", "e = d + coalesce(k, 0) % 3"),
    Declared(
        "d = (tz at time zone 'America/New_York')::date",
        "d = (tz at time zone 'America/New_York')::date",
    ),
    Declared("s::date = d", "s = d::varchar", "x.s::date"),
    Declared(
        "ts >= d - interval 6 hour and ts < d + interval 1 day", "ts = d + to_hours(k * 3 - 6)"
    ),
)


class _Tied(Databases):
    """The databases of the harness after an assignment; rows with NULL on one side only are left out."""

    def __init__(self, seed: int, count: int, declared: Declared) -> None:
        super().__init__(seed, count)
        wrong, _ = contradiction(declared.relation, "duckdb")
        for number in range(count):
            for name in (f"db{number}", f"db{number}r"):
                for table in TABLES:
                    self.connection.execute(f"update {name}.{table} set {declared.assignment}")
                    self.connection.execute(f"delete from {name}.{table} where {wrong}")


def relying(
    declared: Declared, patch: pytest.MonkeyPatch, *, tied: bool = True
) -> list[QueryFacts]:
    """Lets the harness declare the relation of every table; returns the facts as they come."""
    seen: list[QueryFacts] = []

    def noted(request: AnalysisRequest) -> QueryFacts:
        seen.append(analyse(request))
        return seen[-1]

    patch.setattr(window_harness, "InputRef", partial(InputRef, relations=(declared.relation,)))
    patch.setattr(window_harness, "analyse", noted)
    if tied:
        patch.setattr(window_harness, "Databases", partial(_Tied, declared=declared))
    return seen


def relied(seen: list[QueryFacts]) -> int:
    return sum(any(w.code == "RELATION_DECLARED" for w in facts.warnings) for facts in seen)


def searched_written(queries: tuple[Query, ...], times: int = TIMES) -> Counts:
    """With each of the queries in turn, until the first wrong row."""
    return run(
        SEED,
        range(len(queries) * times),
        databases=DATABASES,
        stop=True,
        make=lambda seed, number, focus: queries[number % len(queries)],
    )


@pytest.mark.parametrize("declared", RELATIONS, ids=lambda declared: declared.holds)
def test_where_a_declared_relation_holds_no_row_is_wrong(
    declared: Declared, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = relying(declared, monkeypatch)
    counts = run(SEED, range(QUERIES), databases=DATABASES)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))

    seen.clear()
    counts = searched_written(declared.written, 3)
    assert not counts.mismatches, "\n\n".join(map(str, counts.mismatches[:3]))
    assert relied(seen) == len(seen) == len(declared.written) * 3


@pytest.mark.parametrize("declared", RELATIONS, ids=lambda declared: declared.holds)
def test_where_it_does_not_hold_the_check_of_verify_names_rows(declared: Declared) -> None:
    world = Databases(SEED, DATABASES)
    wrong, columns = contradiction(declared.relation, "duckdb")
    found = [
        world.rows(f"select {', '.join(columns)} from db{n}.{table} where {wrong}")
        for n in range(DATABASES)
        for table in TABLES
    ]

    assert any(found)
    tied = _Tied(SEED, DATABASES, declared)
    assert not any(
        tied.rows(f"select 1 from db{n}.{table} where {wrong}")
        for n in range(DATABASES)
        for table in TABLES
    )


@pytest.mark.parametrize("declared", RELATIONS, ids=lambda declared: declared.holds)
def test_a_relation_that_does_not_hold_gives_wrong_rows(
    declared: Declared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the harness would see it, were the relation read for more than it says."""
    relying(declared, monkeypatch, tied=False)

    assert searched_written(declared.written).mismatches


def test_a_row_that_cannot_be_read_contradicts_and_stops_nothing() -> None:
    relation = DeclaredRelation(holds="s::date = d", reason="r", dialect="duckdb")
    wrong, _ = contradiction(relation, "duckdb")
    rows = "(values ('abc', date '2024-01-01'), ('2024-01-01', date '2024-01-01'), (null, null))"

    found = duckdb.sql(f"select s from {rows} t(s, d) where {wrong}").fetchall()
    assert found == [("abc",)]
