"""A query with a column in its bound's place gives the rows that one query for each day gives together."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pytest

from sqlbackfill.query import value_bounds
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.splice import with_column
from tests.property.value_bound_queries import EVENTS, OCCURRENCES, value_bound_query

SEED = 20240301
QUERIES = 400
DATABASES = 3
FIRST = date(2024, 3, 1)
DAYS = tuple(FIRST + timedelta(days=n) for n in range(4))


def _databases(rng: random.Random) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    for number in range(DATABASES):
        types = ", ".join(f"{name} {kind}" for name, kind in EVENTS)
        connection.execute(f"create table t{number} ({types})")
        for _ in range(14):
            moments = [FIRST + timedelta(days=rng.randrange(-1, 5)) for _ in range(3)]
            clock = rng.choice(("00:00", "06:30", "23:59:59.999999"))
            texts = [f"'{moments[0]}'", f"'{moments[1]}'", f"'{moments[2]} {clock}'"]
            values = [*texts, str(rng.randrange(2)), str(rng.randrange(3))]
            row = ", ".join("null" if rng.random() < 0.08 else value for value in values)
            connection.execute(f"insert into t{number} values ({row})")
    return connection


def outcomes(seed: int, queries: int, *, stop: bool = False) -> tuple[list[str], Counter[str]]:
    """The queries whose rows differ, and how many were changed, refused or no SQL of DuckDB."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with _databases(rng) as connection:
        for _ in range(queries):
            request = value_bound_query(rng)
            facts = analyse(request)
            if facts.substituted is None:
                counts["by T2" if facts.author_bounds_hold else "refused"] += 1
                continue
            changed = with_column(request.sql, facts.substituted)
            assert changed is not None
            counts["changed"] += 1
            for number in range(DATABASES):
                try:
                    daily = Counter(
                        row
                        for day in DAYS
                        for row in _rows(connection, request.sql, number, day, day)
                    )
                except duckdb.Error:
                    counts["changed"] -= 1
                    counts["invalid"] += 1
                    break
                try:
                    found = Counter(_rows(connection, changed, number, DAYS[0], DAYS[-1]))
                except duckdb.Error as error:
                    wrong.append(f"{request.sql}\n{changed}\n{error}")
                    break
                if daily != found:
                    wrong.append(f"{request.sql}\n{changed}\n{daily - found}\n{found - daily}")
                    break
            if wrong and stop:
                break
    return wrong, counts


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, number: int, first: date, last: date
) -> list[tuple[object, ...]]:
    text = sql.replace("__sb_start__", str(first)).replace(
        "__sb_end__", str(first + timedelta(days=1))
    )
    for index in range(2):
        text = text.replace(f"__sb_occurrence_{index}__", f"t{number}")
    inside = f"day >= date '{first}' and day <= date '{last}'"
    return connection.execute(f"select * from ({text}) q where {inside}").fetchall()


def test_a_query_with_the_column_gives_the_rows_of_one_query_per_day() -> None:
    wrong, counts = outcomes(SEED, QUERIES)
    assert not wrong, "\n\n".join(wrong[:3])
    assert counts["changed"] > QUERIES // 8, counts
    assert counts["refused"] > QUERIES // 4, counts


def test_a_bound_beside_the_keys_of_group_by_all_is_no_key() -> None:
    # DuckDB groups by `ts` as well if HAVING names it, and its date is a key already.
    where = "from __sb_occurrence_0__ t where t.ts::date = '__sb_start__' group by all"
    shown = "select date '__sb_start__' as day, t.k, max(t.v) as n"
    request = value_bound_query(random.Random(SEED))
    plain = replace(request, sql=f"{shown} {where}", occurrences=OCCURRENCES)
    assert analyse(plain).substituted is not None
    having = replace(plain, sql=f"{plain.sql} having max(t.e) >= date '__sb_start__'")
    assert analyse(having).substituted is None


def _no_key(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(value_bounds._Substituted, "_group_key", lambda self, column: None)


def _any_root(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(value_bounds._Substituted, "_check_root", lambda self: None)


def _any_partition(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(value_bounds._Substituted, "_check_partition", lambda self, column: None)


def _any_carrier(patch: pytest.MonkeyPatch) -> None:
    real = value_bounds._Substituted._bounded

    def bounded(self: value_bounds._Substituted, node: object) -> object:
        return [(value_bounds.exp.EQ, side) for _, side in real(self, node)]  # type: ignore[arg-type]  # handed on

    patch.setattr(value_bounds._Substituted, "_bounded", bounded)


def _no_conjuncts(patch: pytest.MonkeyPatch) -> None:
    def operands(node: object) -> object:
        return [n for n in node.walk() if isinstance(n, value_bounds._COMPARED)]  # type: ignore[attr-defined]  # a tree

    patch.setattr(value_bounds, "conjuncts", operands)


@pytest.mark.parametrize(
    "broken",
    [_no_key, _any_root, _any_partition, _any_carrier, _no_conjuncts],
    ids=lambda f: f.__name__,
)
def test_a_condition_that_is_dropped_is_caught(broken, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    broken(monkeypatch)
    assert outcomes(SEED, 3 * QUERIES, stop=True)[0]
