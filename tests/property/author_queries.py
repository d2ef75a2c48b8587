"""Random queries with bounds that their author wrote, in the words of four dialects; owns no rule of theirs.

A form of a bound is a pair: what the author writes, and what says the same in DuckDB, where it is run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from tests.property.random_queries import TABLES, Query

S: Final = "__sb_start__"
E: Final = "__sb_end__"
_X: Final = "__sb_occurrence_0__"
_Y: Final = "__sb_occurrence_1__"

# {s} is the text of a bound, {n} a number of days, {m} the same with its sign turned.
_MOVED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "duckdb": tuple((form, form) for form in (
        "date '{s}' - {n}", "cast('{s}' as date) - {n}", "date '{s}' - interval {n} day",
        "date '{s}' - interval '{n} days'", "date_add(date '{s}', interval ({m}) day)",
        "timestamp '{s}' - interval {n} day", "cast('{s}' as date) + {m}", "date '{s}' - to_days({n})",
        "'{s}'::timestamp - interval ({n} * 24) hour", "date '{s}' + interval '{m}' day",
        "cast(date '{s}' - interval {n} day as date)", "date '{s}' - interval {n} week",
        "date '{s}' - interval {n} month", "date_trunc('month', date '{s}')",
    )),
    "bigquery": (
        ("date_sub(date '{s}', interval {n} day)", "date '{s}' - {n}"),
        ("date_sub('{s}', interval {n} day)", "date '{s}' - {n}"),
        ("date_add(date('{s}'), interval {m} day)", "date '{s}' - {n}"),
        ("date '{s}' - {n}", "date '{s}' - {n}"),
        ("date_sub(cast('{s}' as date), interval {n} week)", "cast(date '{s}' - interval {n} week as date)"),
        ("date_sub(date '{s}', interval {n} month)", "cast(date '{s}' - interval {n} month as date)"),
        ("date_trunc(date '{s}', month)", "date_trunc('month', date '{s}')"),
    ),
    "snowflake": (
        ("dateadd(day, {m}, '{s}'::date)", "date '{s}' - {n}"),
        ("dateadd('day', {m}, to_date('{s}'))", "date '{s}' - {n}"),
        ("'{s}'::date - {n}", "date '{s}' - {n}"),
        ("to_date('{s}') - interval '{n} days'", "date '{s}' - {n}"),
        ("dateadd(week, {m}, '{s}'::date)", "cast(date '{s}' - interval {n} week as date)"),
    ),
    "spark": (
        ("date_sub('{s}', {n})", "date '{s}' - {n}"),
        ("date_sub(date '{s}', {n})", "date '{s}' - {n}"),
        ("date_add('{s}', {m})", "date '{s}' - {n}"),
        ("date_sub(to_date('{s}'), {n})", "date '{s}' - {n}"),
        ("date '{s}' - interval {n} days", "date '{s}' - {n}"),
        ("add_months(date '{s}', {m})", "cast(date '{s}' - interval {n} month as date)"),
    ),
    "postgres": (
        ("'{s}'::date - {n}", "date '{s}' - {n}"),
        ("date '{s}' - interval '{n} days'", "date '{s}' - {n}"),
        ("date '{s}' - interval '{n} day'", "date '{s}' - {n}"),
        ("(date '{s}' - interval '{n} month')", "(date '{s}' - interval {n} month)"),
    ),
}  # fmt: skip
_PLAIN: Final = (
    ("date '{s}'", "date '{s}'"),
    ("'{s}'", "'{s}'"),
    ("cast('{s}' as date)", "date '{s}'"),
)
DIALECTS: Final = tuple(_MOVED)
_CONDITIONS: Final = (
    "{x} >= {lo} and {x} < {hi}", "{x} >= {lo} and {x} < {hi}", "{x} >= {lo} and {x} < {hi}",
    "{lo} <= {x} and {hi} > {x}", "{x} between {lo} and {last}", "{x} > {before} and {x} <= {last}",
    "not {x} < {lo} and not {x} >= {hi}", "{x} >= {lo}", "{x} < {hi}", "{x} = {lo}", "{x} in ({lo})",
    "({x} >= {lo} or {x} is null) and ({x} < {hi} or {x} is null)",
    "({x} is null or {x} between {lo} and {last})", "({x} >= {lo} and {x} < {hi} or {x} is null)",
    "({x} >= {lo} and {x} < {hi} or {k} = 1)", "not ({x} < {lo} or {x} >= {hi})",
    "cast({x} as date) >= {lo} and cast({x} as date) < {hi}", "coalesce({x}, date '2013-03-10') >= {lo} and {x} < {hi}",
    "case when {x} >= {lo} then {x} < {hi} else false end",
)  # fmt: skip
_SHAPES: Final = (
    "select {x} as p, x.id, x.v from {o0} as x where {own}",
    "select {x} as p, sum(x.v) as v from {o0} as x where {own} group by {x}",
    "select {x} as p, x.id, sum(x.v) over (partition by x.k order by x.d range between interval '{r}' day preceding and current row) as v from {o0} as x where {own}",
    "select * from (select {x} as p, x.id, count(*) over (partition by {x}) as v from {o0} as x where {own}) as z where p >= date '2013-03-08'",
    "select {x} as p, x.id, lag(x.v) over (partition by {x} order by x.id) as v from {o0} as x where {own}",
    "select {x} as p, x.id, lag(x.v) over (partition by x.k order by x.d, x.id) as v from {o0} as x where {own}",
    "select {x} as p, x.id, y.id as i from {o0} as x join {o1} as y on y.d = x.d where {own}",
    "select {x} as p, x.id, y.id as i from {o0} as x left join {o1} as y on y.d = x.d and {other} where {own}",
    "select {x} as p, x.id, y.id as i from {o0} as x join {o1} as y on y.d between x.d - {r} and x.d where {own} and {other}",
    "select coalesce(x.d, y.e) as p, x.id, y.id as i from {o0} as x left join {o1} as y on y.k = x.k where {own}",
    "select coalesce(x.d, x.e) as p, x.id from {o0} as x where {own}",
    "select coalesce(x.d, x.e) as p, x.id from {o0} as x where {own} and {second}",
    "select coalesce(x.d, y.d) as p, x.id, y.id as i from (select * from {o0} as x where {own}) as x full join (select * from {o1} as y where {other}) as y on y.d = x.d",
    "select {x} as p, x.id from {o0} as x where {own} union all select y.d, y.id from {o1} as y where {other}",
    "select {x} as p, x.id from {o0} as x where {own} and exists (select 1 from {o1} as y where y.k = x.k and {other})",
    "select {x} as p, x.id from {o0} as x where {own} and x.e in (select y.d from {o1} as y where {other})",
    "select {x} as p, x.id from {o0} as x where {own} and x.k not in (select y.k from {o1} as y where y.k is not null and {other})",
    "with c as (select x.* from {o0} as x where {own}) select {x} as p, x.id, x.v from c as x",
    "with c as (select {x} as p, x.id, x.k, x.v from {o0} as x) select c.p, c.id, c.v from c where {outer}",
    "select p, id from (select {x} as p, x.id, row_number() over (partition by x.k, x.d order by x.id) as r from {o0} as x where {own}) as z where r = 1",
    "select p, id from (select {x} as p, x.id, row_number() over (partition by x.k order by x.d desc, x.id) as r from {o0} as x where {own}) as z where r = 1",
    "select distinct {x} as p, x.k from {o0} as x where {own}",
)  # fmt: skip


def _pair(one: tuple[str, str], s: str, n: int) -> tuple[str, str]:
    return (one[0].format(s=s, n=n, m=-n), one[1].format(s=s, n=n, m=-n))


def _condition(rng: random.Random, dialect: str, x: str, k: str) -> tuple[str, str]:
    """A condition on `x`, as written and as run."""
    back, ahead = rng.choice((0, 0, 1, 2, 3)), rng.choice((0, 0, 0, 1, 2))
    moved = _MOVED[dialect]
    low = rng.choice((*moved, *moved, *_PLAIN[:1])) if back else rng.choice((*_PLAIN, *moved))
    high = rng.choice(moved) if ahead else rng.choice(_PLAIN)
    days = moved[0] if dialect != "duckdb" else rng.choice(moved[:2])
    ends = {
        "lo": _pair(low, S, back),
        "hi": _pair(high, E, -ahead),
        "last": _pair(days, E, 1 - ahead),
        "before": _pair(days, S, back + 1),
    }
    form = rng.choice(_CONDITIONS)
    written, run = (
        form.format(x=x, k=k, **{name: pair[side] for name, pair in ends.items()})
        for side in (0, 1)
    )
    return written, run


def author_query(seed: int, number: int, focus: str | None = None) -> Query:
    """Query `number` of `seed`; `focus` names the dialect."""
    rng = random.Random(f"author:{seed}:{number}:{focus}")
    dialect = focus or rng.choice(("duckdb", "duckdb", *DIALECTS))
    columns = ("x.d", "x.d", "x.d", "x.e") if dialect != "duckdb" else ("x.d", "x.d", "x.e", "x.ts")
    x = rng.choice(columns)
    own = x if rng.random() < 0.75 else rng.choice(("x.d", "x.e"))
    shape, reach = rng.choice(_SHAPES), rng.choice((1, 2, 3))
    parts = {
        "own": _condition(rng, dialect, own, "x.k"),
        "second": _condition(rng, dialect, rng.choice(("x.e", "x.d")), "x.k"),
        "other": _condition(rng, dialect, rng.choice(("y.d", "y.d", "y.e")), "y.k"),
        "outer": _condition(rng, dialect, "c.p", "c.k"),
    }
    written, run = (
        shape.format(
            x=x, r=reach, o0=_X, o1=_Y, **{name: pair[side] for name, pair in parts.items()}
        )
        for side in (0, 1)
    )
    tables = (rng.choice(TABLES), rng.choice(TABLES))[: 2 if _Y in written else 1]
    return Query(written, tables, "UTC", dialect, "" if dialect == "duckdb" else run)
