"""Models that read themselves: day after day with injected ranges they give what a loop by hand gives."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import pytest

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query import separability
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts, ReadKind
from tests.property.window_harness import literal

FIRST = date(2024, 3, 1)
DAYS = 7
MODELS = 90
SEED = 20240301
_DAY = PartitionInfo(column="day", grain="day", column_type=BoundType.DATE)
_EVENTS = InputRef(
    relation="events",
    columns=(("d", "DATE"), ("k", "INTEGER"), ("v", "INTEGER")),
    partition=PartitionInfo(column="d", grain="day", column_type=BoundType.DATE),
)
_S = "cast('__sb_start__' as date)"
_BEFORE = (
    "t.day = {s} - 1", "t.day = {s} - 2", "t.day = {s} - interval 1 day", "t.day < {s}", "true",
    "t.day >= {s} - 3 and t.day < {s}", "t.day between {s} - 3 and {s} - 2", "t.day >= {s} - 2",
    "t.day = date_add({s}, interval '-1' day)", "t.day <= {s} - 1 and t.n > 0", "(t.day = {s} - 1 or t.day is null)",
    "t.day = date '__sb_start__' - 1", "t.day + 1 = {s}", "t.day = e.d - 1",
)  # fmt: skip
_SHAPES = (
    ("select {s} as day, k, sum(n) as n from (select e.k, e.v as n from {e} e where e.d = {s}"
    " union all select t.k, t.n from {t} t where {own}) x group by k"),
    ("select {s} as day, coalesce(c.k, p.k) as k, coalesce(c.n, 0) + coalesce(p.n, 0) as n"
    " from (select k, count(*) as n from {e} where d = {s} group by k) c"
    " full join (select k, max(n) as n from {t} t where {own} group by k) p on p.k = c.k"),
    ("select distinct e.d as day, e.k, 1 as n from {e} e where e.d = {s}"
    " and not exists (select 1 from {t} t where t.k = e.k and {own})"),
    ("select e.d as day, e.k, max(e.v) + coalesce(max(t.n), 0) as n from {e} e"
    " left join {t} t on t.k = e.k and {own} where e.d = {s} group by e.d, e.k"),
    ("select e.d as day, e.k, e.v + (select count(*) from {t} t where t.k = e.k and {own}) as n"
    " from {e} e where e.d >= {s} and e.d < '__sb_end__'"),
    ("with own as (select t.day, t.k, t.n from {t} t)"
    " select e.d as day, e.k, max(t.n) + 1 as n from {e} e join own t on t.day < e.d and {own}"
    " group by e.d, e.k"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """A query and its analysis; occurrence 0 is the input, 1 the model itself."""

    sql: str
    facts: QueryFacts


def model(rng: random.Random) -> Model | None:
    """A random model, None where its condition cannot stand in its shape."""
    shape, own = rng.choice(_SHAPES), rng.choice(_BEFORE)
    if "e.d" in own and "{e} e" not in shape.split("{own}")[0].rsplit("(select", 1)[0]:
        return None
    sql = shape.format(s=_S, e="__sb_occurrence_0__", t="__sb_occurrence_1__", own=own.format(s=_S))
    this = InputRef(relation="m", partition=_DAY, is_this=True)
    request = AnalysisRequest(
        model="m",
        sql=sql,
        occurrences={"__sb_occurrence_0__": _EVENTS, "__sb_occurrence_1__": this},
        partition=_DAY,
    )
    return Model(sql, analyse(request))


@contextmanager
def database(rng: random.Random) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("create table events (d date, k integer, v integer)")
        for _ in range(rng.choice((6, 14))):
            day = FIRST + timedelta(days=rng.randrange(DAYS))
            value = rng.choice(("null", "1", "2"))
            connection.execute(f"insert into events values ('{day}', {rng.randrange(3)}, {value})")
        yield connection


def built(one: Model, connection: duckdb.DuckDBPyConnection, *, injected: bool) -> Counter[object]:
    """The model's table after all days, one after the other."""
    connection.execute("create or replace table m (day date, k integer, n bigint)")
    for number in range(DAYS):
        start, end = FIRST + timedelta(days=number), FIRST + timedelta(days=number + 1)
        scans = ["events", f"(select * from m where day < date '{start}')"]
        if injected:
            scans = [
                _scan(one, index, name, start, end) for index, name in enumerate(("events", "m"))
            ]
        sql = one.sql.replace("__sb_start__", str(start)).replace("__sb_end__", str(end))
        for index, scan in enumerate(scans):
            sql = sql.replace(f"__sb_occurrence_{index}__", scan)
        inside = f"day >= date '{start}' and day < date '{end}'"
        connection.execute(f"insert into m by name select * from ({sql}) q where {inside}")
    return Counter(connection.execute("from m").fetchall())


def _scan(one: Model, index: int, name: str, start: date, end: date) -> str:
    parts = ["true"]
    # Nothing but the model's own past is injected beside bounds that are not proven.
    ranges = one.facts.occurrences[index].ranges
    for found in ranges if name == "m" or one.facts.author_bounds_hold else ():
        interval = found.window.evaluate(start, end)
        ends = ((">=", interval.lo), ("<", interval.hi))
        texts = [f"{found.column} {op} {literal(x, found.type)}" for op, x in ends if x is not None]
        text = " and ".join(texts) or "true"
        parts.append(f"({text} or {found.column} is null)" if interval.nulls else text)
    return f"(select * from {name} where {' and '.join(parts)})"


def outcomes(count: int, *, stop: bool = False) -> tuple[list[str], Counter[str]]:
    """The models whose two tables differ, and how much of themselves models read; with `stop` until one."""
    rng = random.Random(SEED)
    wrong: list[str] = []
    reads: Counter[str] = Counter()
    for _ in range(count):
        one = model(rng)
        if one is None:
            continue
        if one.facts.errors:
            reads["refused"] += 1
            continue
        own = next(read for read in one.facts.reads if read.is_this)
        reads[own.kind] += 1
        assert one.facts.strategies == ("partition",)
        with database(rng) as connection:
            if built(one, connection, injected=True) != built(one, connection, injected=False):
                wrong.append(one.sql)
        if wrong and stop:
            break
    return wrong, reads


def test_serial_runs_give_what_a_loop_by_hand_gives() -> None:
    wrong, reads = outcomes(MODELS)
    assert not wrong, "\n".join(wrong[:3])
    assert reads[ReadKind.WINDOW] > MODELS // 3, reads
    assert reads[ReadKind.PAST] > MODELS // 8, reads


def test_a_window_on_itself_that_starts_a_day_late_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = separability._windows

    def late(leaves: object, ref: InputRef | None, case: object) -> object:
        found = real(leaves, ref, case)  # type: ignore[arg-type]  # handed on
        if ref is not None and ref.is_this and "day" in found and found["day"].lower is not None:
            found["day"] = replace(found["day"], lower=found["day"].upper)
        return found

    monkeypatch.setattr(separability, "_windows", late)
    assert outcomes(4 * MODELS, stop=True)[0]
