"""Random queries in shapes that `random_queries` cannot say: ROLLUP and its like, IN under OR, EXCEPT and INTERSECT
BY NAME, correlated scalars, HAVING on keys, COALESCE over FULL with terms, columns renamed in FROM, ALL and ANY, derived
dates. Owns no analysis.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from tests.property.derived_queries import calendar, series, shown_together
from tests.property.random_queries import TABLES, ZONE, Query

Shape = Callable[[random.Random], str | tuple[str, str]]

_ONE: Final = "__sb_occurrence_0__"
_TWO: Final = "__sb_occurrence_1__"
_THREE: Final = "__sb_occurrence_2__"


def _day(rng: random.Random, alias: str) -> str:
    """A date of a row, from columns of every kind."""
    return rng.choice(
        (f"{alias}.d", f"{alias}.e", f"{alias}.ts::date", f"{alias}.d + 1",
         f"({alias}.tz at time zone '{ZONE}')::date", f"date_trunc('week', {alias}.d)::date")
    )  # fmt: skip


def rollups(rng: random.Random) -> str:
    """ROLLUP, CUBE and GROUPING SETS, with windows and filters above them."""
    p, other = _day(rng, "x"), rng.choice(("x.k", "x.ts", "x.e", "x.d", "x.v"))
    if rng.random() < 0.3:
        p, other = "x.ts::date", "x.ts"
    how = rng.choice((
        f"rollup ({p}, {other})", f"cube ({p}, {other})", f"rollup ({other}, {p})",
        f"grouping sets (({p}, {other}), ({p}), ({other}))", f"grouping sets (({p}), ())",
    ))  # fmt: skip
    shown = other if f"{other})" in how or f"({other}" in how else "1"
    above = rng.choice((
        "count(*)", f"sum(count(*)) over (partition by {shown})",
        f"row_number() over (partition by {shown} order by count(*), {p})",
        f"rank() over (partition by {p} order by count(*))", f"sum(count(*)) over (order by {p})",
    ))  # fmt: skip
    having = rng.choice(("", "", f" having {p} > date '2013-03-08'", f" having {p} is not null"))
    where = rng.choice(("", " where x.d = x.e", " where x.k > 0"))
    return f"select {p} as p, {above} as v from {_ONE} as x{where} group by {how}{having}"


def memberships(rng: random.Random) -> str:
    """IN and NOT IN of queries and lists, as conjuncts and below OR and NOT, correlated or not."""
    p = _day(rng, "x")
    tie = rng.choice(
        ("", f" where {_day(rng, 'y')} = {p}", " where y.k = x.k", f" where not (y.d = {p})")
    )
    inner = f"(select {rng.choice(('y.d', 'y.e'))} from {_TWO} as y{tie})"
    column = rng.choice(("x.d", "x.e", p))
    member = rng.choice((
        f"{column} in {inner}", f"{column} not in {inner}", f"not ({column} in {inner})",
        f"exists (select 1 from {_TWO} as y where y.d = {column})",
        f"not exists (select 1 from {_TWO} as y where y.d = {column} and y.k > x.k)",
        f"{column} in (date '2013-03-09', date '2013-03-11')",
    ))  # fmt: skip
    condition = rng.choice((
        member, f"({member} or x.k = 1)", f"({member} and x.v > 0)",
        f"not ({member} and x.k > 0)", f"({member} or x.d = date '2013-03-10')",
    ))  # fmt: skip
    return f"select {p} as p, x.id from {_ONE} as x where {condition}"


def set_operations(rng: random.Random) -> tuple[str, str]:
    """UNION, INTERSECT and EXCEPT, with ALL or not, by position and by name, in another order.

    DuckDB knows BY NAME of UNION alone, so what it is given says the others by position.
    """
    kind = rng.choice(("union", "intersect", "except"))
    every = rng.choice(("", " all"))
    by_name = rng.random() < 0.5
    left = f"select {_day(rng, 'x')} as p, {rng.choice(('x.e', 'x.d'))} as q from {_ONE} as x"
    p, q = f"{_day(rng, 'y')} as p", f"{rng.choice(('y.e', 'y.d'))} as q"
    by_position = f"{left} {kind}{every} select {p}, {q} from {_TWO} as y"
    text = (
        f"{left} {kind}{every} by name select {q}, {p} from {_TWO} as y" if by_name else by_position
    )
    if rng.random() < 0.5:
        text, by_position = (
            f"select z.p as p, z.q as q from ({t}) as z" for t in (text, by_position)
        )
    return text, by_position


def scalars(rng: random.Random) -> str:
    """Scalar subqueries, correlated by a date, by something else or by nothing."""
    p = _day(rng, "x")
    tie = rng.choice((
        f"{_day(rng, 'y')} = {p}", "y.d <= x.d", "y.d between x.d - 2 and x.d", "y.k = x.k",
        "y.d > x.d or y.k = 1", "true",
    ))  # fmt: skip
    what = rng.choice(("count(*)", "sum(y.v)", "max(y.d)", "min(y.ts)"))
    return (
        f"select {p} as p, (select {what} from {_TWO} as y where {tie}) as v, x.id from {_ONE} as x"
    )


def having(rng: random.Random) -> str:
    """HAVING on keys and on aggregates, whose bounds differ."""
    p = _day(rng, "x")
    condition = rng.choice((
        "x.e between date '2013-03-08' and date '2013-03-10'", "x.e = date '2013-03-10'",
        f"{p} = x.e", "max(x.d) > date '2013-03-09'", "count(*) > 1", "min(x.e) = x.e",
        f"max(x.d) = {p}", f"min(x.d) >= {p}", f"max(x.d) between {p} and {p} + 1", "max(x.d) = x.e",
    ))  # fmt: skip
    return (
        f"select {p} as p, x.e as q, count(*) as v, min(x.d) as w from {_ONE} as x "
        f"group by {p}, x.e having {condition}"
    )


def coalesced(rng: random.Random) -> str:
    """COALESCE over FULL, LEFT and RIGHT, of plain columns and of terms, tied in ON or not."""
    left = rng.choice(("x.d", "x.d + 1", "x.ts::date", "x.e"))
    right = rng.choice(("y.d", "y.d - 1", "y.ts::date", "y.e"))
    on = rng.choice(
        (f"{left} = {right}", f"{left} = {right} and x.k = y.k", "x.k = y.k", "x.d = y.d")
    )
    join = rng.choice(("full join", "full join", "left join", "right join"))
    parts = (left, right) if rng.random() < 0.7 else (right, left)
    return (
        f"select coalesce({parts[0]}, {parts[1]}) as p, x.id as a, y.id as b "
        f"from {_ONE} as x {join} {_TWO} as y on {on}"
    )


def moments(rng: random.Random) -> str:
    """Partitions that are moments, whose bounds need not be midnight, shifted and cut by hours."""
    p = rng.choice((
        "x.ts", "x.ts + interval 90 minute", "date_trunc('hour', x.ts)", "x.ts - interval 1 month",
        f"x.tz at time zone '{ZONE}'", "x.d::timestamp",
    ))  # fmt: skip
    what = rng.choice((
        "count(*) over (partition by x.ts::date)", "sum(x.v) over (partition by date_trunc('hour', x.ts))",
        "sum(x.v) over (order by x.ts range between interval 5 hours preceding and current row)", "x.v",
    ))  # fmt: skip
    return f"select {p} as p, {what} as v, x.id from {_ONE} as x where x.ts is not null"


def renamed(rng: random.Random) -> str:
    """Tables, CTEs and queries whose columns FROM gives other names, those of others among them."""
    listed = rng.choice(("e, d", "e, d, ts, tz, ns, s, v, k", "a", "a, d", "d, a", "k2, k"))
    names = listed.split(", ")
    p = rng.choice([name for name in names if name in ("a", "d", "e")] or ["ts::date"])
    source = rng.choice((f"{_ONE} as x({listed})", f"{_ONE} x ({listed})",
                         f"(select * from {_ONE}) as x({listed})"))  # fmt: skip
    if rng.random() < 0.3:
        return f"with c as (select * from {_ONE}) select x.{p} as p, x.id from c as x({listed})"
    if rng.random() < 0.4:
        join = rng.choice(("join", "left join", "semi join"))
        text = f"{source} {join} {_TWO} as y on y.d = x.{p}"
        return f"select x.{p} as p, x.id from {rng.choice((text, f'({text})'))}"
    return f"select x.{p} as p, x.id from {source}"


def quantified(rng: random.Random) -> str:
    """Comparisons with ALL and ANY of a query, which may have no rows, over outer joins."""
    column, other = rng.choice(("x.d", "y.d", "x.e")), rng.choice(("x.d", "y.d"))
    operator, how = rng.choice(("=", "<>", ">=", "<=", "<", ">")), rng.choice(("all", "all", "any"))
    tie = rng.choice(("z.k > 5", "z.k > 5", f"z.d = {other}", "z.k = 1", "true"))
    inner = f"(select {rng.choice(('z.d', 'z.e'))} from {_THREE} as z where {tie})"
    condition = f"{column} {operator} {how} {inner}"
    if rng.random() < 0.3:
        condition = rng.choice((f"not ({condition})", f"({condition} or x.k = 1)"))
    p = rng.choice(("coalesce(x.d, y.d)", "coalesce(x.d, y.d)", "x.d", "y.d"))
    join = rng.choice(("full join", "full join", "left join", "right join", "join"))
    on = rng.choice(("x.d = y.d", "x.d = y.d and x.k = y.k", "x.d = y.d + 1"))
    return (
        f"select {p} as p, x.id as a, y.id as b from {_ONE} as x {join} {_TWO} as y on {on} "
        f"where {condition}"
    )


SHAPES: Final[dict[str, Shape]] = {
    "rollups": rollups,
    "memberships": memberships,
    "set operations": set_operations,
    "scalars": scalars,
    "having": having,
    "coalesced": coalesced,
    "moments": moments,
    "renamed": renamed,
    "quantified": quantified,
    "shown together": shown_together,
    "series": series,
    "calendar": calendar,
}


def claim_query(seed: int, number: int, focus: str | None = None) -> Query:
    """Query `number` of `seed`; `focus` names the shape."""
    rng = random.Random(f"claims:{seed}:{number}")
    shape = SHAPES[focus or rng.choice(sorted(SHAPES))]
    made = shape(rng)
    sql, executed = (made, "") if isinstance(made, str) else made
    tables = (rng.choice(TABLES), rng.choice(TABLES))
    count = 2 if _TWO in sql else 1
    zone = rng.choice(("UTC", ZONE))
    if _THREE in sql:
        tables, count = (*tables, rng.choice(TABLES)), 3
    return Query(sql, tables[:count], zone, executed=executed)
