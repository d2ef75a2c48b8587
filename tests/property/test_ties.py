"""Choices between equal rows: where the analysis lets days be computed by queries of their own, their
rows together must be rows that one query could have given.

A query's possible answers are found by storing the rows in every order, since DuckDB breaks ties by it.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import permutations, product

import duckdb
import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query import select_pass
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts

COLUMNS = (("d", "DATE"), ("k", "INTEGER"), ("v", "INTEGER"), ("w", "INTEGER"))
DAYS = ("2024-03-01", "2024-03-02")
DATABASES = 2
SEED = 20240301
_FUNCTIONS = (
    "row_number()", "ntile(2)", "lag(v)", "lag(v, 0)", "lead(v)", "lag(d)", "lag(w) ", "first_value(v)",
    "last_value(v)", "last_value(v ignore nulls)", "nth_value(v, 2)", "sum(v)", "max(w)", "rank()",
    "list(v)", "last_value(d)",
)  # fmt: skip
_FRAMES = (
    "", "", "rows between 1 preceding and current row", "rows between current row and 1 following",
    "rows between unbounded preceding and current row", "groups between 1 preceding and current row",
    "rows between current row and unbounded following", "range between current row and unbounded following",
    "rows between 2 preceding and 1 preceding",
)  # fmt: skip
_SHAPES = (
    "select d as p, v, w, {call} over (partition by k order by d{desc} {frame}) as x from {t}",
    "select d as p, v, {call} over (partition by d order by k {frame}) as x from {t}",
    "select d as p, v, {call} over (order by k, d {frame}) as x from {t}",
    "select d as p, v, {call} over (order by d, w {frame}) as x from {t}",
    "select d as p, {call} over (order by d{desc} {frame}) as x from {t}",
    "select d as p, v, w, {call} over (partition by k order by v {frame}) as x from {t}",
    (
        "with r as (select * from {t} qualify row_number() over (partition by d order by k) = 1)"
        " select d as p, v, {call} over (order by d {frame}) as x from r"
    ),
    (
        "with r as (select d, k, any_value(v) as v, max(w) as w from {t} group by d, k)"
        " select d as p, v, {call} over (order by d, k {frame}) as x from r"
    ),
    (
        "with r as (select distinct on (d) d, k, v, w from {t} order by d, k)"
        " select a.d as p, a.v, b.v as x from r a left join r b on b.d = a.d - 1"
    ),
    (
        "with r as (select d, k, v, w, {call} over (order by d {frame}) as x from {t})"
        " select d as p, x, max(x) over (order by d rows between 1 preceding and current row) as y from r"
    ),
)


def _queries(seed: int, count: int) -> list[str]:
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        call, frame = rng.choice(_FUNCTIONS), rng.choice(_FRAMES)
        if call.startswith(("row_number", "ntile", "lag", "lead", "rank")):
            frame = ""
        desc = rng.choice(("", "", " desc"))
        sql = rng.choice(_SHAPES).format(call=call, frame=frame, desc=desc, t="__sb_occurrence_0__")
        found.append(sql)
    return found


def _facts(sql: str) -> QueryFacts:
    return analyse(
        AnalysisRequest(
            model="m",
            sql=sql,
            occurrences={"__sb_occurrence_0__": InputRef(relation="t", columns=COLUMNS)},
            partition=PartitionInfo(column="p", grain="day", column_type=BoundType.DATE),
        )
    )


Answer = frozenset[tuple[tuple[str | None, ...], int]]


class _World:
    """Small tables with many ties, each stored in every order."""

    def __init__(self, rng: random.Random) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        rows = [
            f"(date '{rng.choice(DAYS)}', {rng.randrange(2)}, {rng.choice(('null', '1', '2'))}, {n})"
            for n in range(4)
        ]
        self.orders = list(permutations(rows))
        names = ", ".join(name for name, _ in COLUMNS)
        for number, order in enumerate(self.orders):
            self._connection.execute(
                f"create table t{number} as select * from (values {', '.join(order)}) t({names})"
            )

    def answers(self, sql: str, day: str | None) -> set[Answer]:
        """The answers that some order gives, of one day or of all."""
        where = (
            f" where p = date '{day}'"
            if day
            else f" where p in (date '{DAYS[0]}', date '{DAYS[1]}')"
        )
        found = set()
        for number in range(len(self.orders)):
            query = sql.replace("__sb_occurrence_0__", f"t{number}")
            rows = self._connection.execute(
                f"select columns(*)::varchar from ({query}) q{where}"
            ).fetchall()
            found.add(frozenset(Counter(rows).items()))
        return found


def _together(one: Answer, other: Answer) -> Answer:
    return frozenset((Counter(dict(one)) + Counter(dict(other))).items())


def _impossible(seed: int, count: int, *, stop: bool = False) -> tuple[list[str], int]:
    """The queries that may run day by day though their days do not fit together, and how many may.

    With `stop`, only until the first.
    """
    rng = random.Random(seed)
    worlds = [_World(rng) for _ in range(DATABASES)]
    wrong, allowed = [], 0
    for sql in dict.fromkeys(_queries(seed, count)):
        if "partition" not in _facts(sql).strategies:
            continue
        allowed += 1
        for world in worlds:
            pairs = list(product(*(world.answers(sql, day) for day in DAYS)))
            if len(pairs) == 1:
                continue
            whole = world.answers(sql, None)
            if any(_together(*pair) not in whole for pair in pairs):
                wrong.append(sql)
                break
        if wrong and stop:
            break
    return wrong, allowed


def test_days_of_queries_of_their_own_fit_together() -> None:
    wrong, allowed = _impossible(SEED, 110)
    assert not wrong, "\n".join(wrong)
    assert allowed > 25


def test_a_lag_over_a_tie_gives_days_that_no_one_query_gives() -> None:
    sql = _SHAPES[0].format(call="lag(v)", frame="", desc="", t="__sb_occurrence_0__")
    assert _facts(sql).strategies == ("range",)
    assert "TIES" in {reason.code for reason in _facts(sql).reasons}


@pytest.mark.parametrize("name", ["is_felt_elsewhere", "shows_only_keys", "tells_rows_apart"])
def test_a_rule_for_ties_that_lets_too_much_through_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select_pass, name, lambda *_: name != "is_felt_elsewhere")
    assert _impossible(SEED, 600, stop=True)[0]
