"""Random queries over dates that the SQL derives from others: columns that one query shows together, elements of series,
last days, days made of parts, slots of time. Owns no analysis.
"""

from __future__ import annotations

import random
from typing import Final

_ONE: Final = "__sb_occurrence_0__"
_TWO: Final = "__sb_occurrence_1__"
_ZONE: Final = "America/New_York"
_FAMILIES: Final = (
    ("x.ts", "x.ts::date", "date_trunc('week', x.ts)::date", "date_trunc('hour', x.ts)",
     "x.ts + interval 1 day", "(x.ts - interval 1 month)::date"),
    ("x.d", "x.d + 1", "date_trunc('week', x.d)::date", "x.d - 2", "x.d::timestamp", "x.d + interval 1 week",
     "x.d", "last_day(x.d) - 22"),
    ("x.tz", "x.tz::date", f"(x.tz at time zone '{_ZONE}')::date", "date_trunc('day', x.tz)"),
    ("x.v", "x.v + 1", "x.d", "x.d + 1"),
    ("x.v + 126", "try_cast(x.v + 126 as tinyint)"),
    ("x.d", "try_cast(strftime(x.d, '%Y%m%d') as smallint)", "try_cast(x.d - date '2012-11-01' as tinyint)"),
)  # fmt: skip


def shown_together(rng: random.Random) -> str:
    """A query that shows two dates of which one follows from the other, and what is asked of each."""
    family = rng.choice(_FAMILIES)
    a, b = rng.sample(family, 2)
    if rng.random() < 0.1:
        b = rng.choice(("x.e", "coalesce(x.d, x.e)", "case when x.k = 1 then x.d else x.e end"))
    inner = f"select {a} as a, {b} as b, x.k as k, x.v as v, x.id as id from {_ONE} as x"
    inner += rng.choice(("", "", " where x.k > 0", " order by x.id limit 6"))
    how = rng.random()
    if how < 0.2:
        keys = rng.choice(
            (f"{a}, {b}, x.k", f"rollup ({a}, {b}), x.k", f"grouping sets (({a}), ({b}), (x.k))")
        )
        inner = f"select {a} as a, {b} as b, x.k as k, count(*) as v, min(x.id) as id from {_ONE} as x group by {keys}"
    elif how < 0.3:
        inner += (
            f" union all select {b}, {a}, x.k, x.v, x.id from {_ONE} as x"
            if "limit" not in inner
            else ""
        )
    if rng.random() < 0.4:
        inner = f"select z.b as a, z.a as b, z.k, z.v, z.id from ({inner}) as z"
    shown, other = rng.choice((("a", "b"), ("a", "b"), ("b", "a")))
    y = rng.choice(("y.d", "y.e", "y.ts", "y.ts::date"))
    tail = rng.choice((
        f"sum(c.v) over (partition by c.k, c.{other}) as w from c",
        f"sum(c.v) over (partition by c.k order by c.{other}) as w from c",
        f"c.v as w from c qualify row_number() over (partition by c.k order by c.{other} desc nulls last, c.id) = 1",
        f"y.id as w from c left join {_TWO} as y on y.k = c.k and {y} = c.{other}",
        f"y.id as w from c join {_TWO} as y on {y} >= c.{other} and {y} < c.{other}",
        f"y.id as w from {_TWO} as y left join c on {y} = c.{other}",
        f"y.id as w from {_TWO} as y full join c on {y} = c.{other} and c.k = y.k",
        f"(select count(*) from {_TWO} as y where {y} = c.{other}) as w from c",
        f"c.v as w from c where exists (select 1 from {_TWO} as y where {y} = c.{other} and y.k = c.k)",
        f"c.v as w from c where c.{other} >= date '2013-03-09'",
        f"y.id as w from c left join {_TWO} as y on {y} between c.{other} and c.{shown}",
    ))  # fmt: skip
    return f"with c as ({inner}) select c.{shown} as p, c.id, {tail}"


def series(rng: random.Random) -> str:
    """A row for each element of a series between dates of a row."""
    start = rng.choice(("x.d", "x.d", "x.ts", "x.e", "x.d - 1", "min(x.d)"))
    end = rng.choice(
        (
            "x.d + 2",
            "x.e",
            "coalesce(x.e, date '2013-03-12')",
            "x.d - 1",
            "x.ts + interval 1 day",
            "x.d",
        )
    )
    step = rng.choice(("interval 1 day", "interval 1 day", "interval 2 day", "interval 18 hour",
                       "interval (-1) day", "interval 1 month"))  # fmt: skip
    made = f"{rng.choice(('generate_series', 'generate_series', 'range'))}({start}, {end}, {step})"
    p = rng.choice(
        ("{}", "{}::date", "date_trunc('week', {})::date", "({} + interval 1 day)::date")
    )
    if start == "min(x.d)":
        made = made.replace(end, "max(x.d)")
        by = rng.choice(("x.k", "x.k, date_trunc('week', x.d)"))
        return f"select z.u as p, z.k, 1 as v from (select x.k, unnest({made}) as u from {_ONE} as x group by {by}) as z"
    if rng.random() < 0.35:
        window = rng.choice(("x.v", "sum(x.v) over (partition by x.k order by x.d, x.id)"))
        inner = f"select x.d, x.k, x.id, {window} as v, unnest({made}) as u from {_ONE} as x"
        return f"select {p.format('z.u')} as p, z.id, z.v from ({inner}) as z"
    source = rng.choice((f"unnest({made}) as g(u)", f"{made} as g(u)"))
    join = rng.choice(
        (
            "cross join {}",
            ", {}",
            "left join {} on true",
            "left join {} on g.u > x.d",
            "join {} on g.u <> x.e",
        )
    )
    tail = rng.choice(("", f" left join {_TWO} as y on y.d = g.u::date", f" join {_TWO} as y on y.d = x.d",
                       " where g.u >= timestamp '2013-03-09 06:00:00'"))  # fmt: skip
    where = rng.choice(("g.u", "g.u", "g.u", "x.d"))
    v = "y.id" if " y on" in tail else rng.choice(("x.v", "count(*) over (partition by g.u)"))
    return f"select {p.format(where)} as p, x.id, {v} as v from {_ONE} as x{'' if join[0] == ',' else ' '}{join.format(source)}{tail}"


def calendar(rng: random.Random) -> str:
    """Last days, days made of parts of one date or of two, and slots of any width and origin."""
    x = rng.choice(("x.d - 9", "x.d - 9", "x.ts - interval 9 day", "x.tz - interval 9 day", "x.e"))
    d = rng.choice(("x.d", "x.d", "x.e"))
    p = rng.choice((
        f"last_day({x}) - 22", f"make_date(year({x}), month({x}), 1) + 8", f"make_date(year({x}), month({x}), day({x}))",
        f"make_date(year({x}), 1, 1) + 67", f"make_date(year({x}), month({d}), 1) + 8", f"make_date(year({d}), month({d}), day({d}))",
        f"make_date(year({d}), 3, day({d}))", f"make_date(extract(year from {x})::int, extract(month from {x})::int, 1) + 8",
        f"time_bucket(interval 2 day, {d})", f"time_bucket(interval 1 week, {d})", f"time_bucket(interval 3 day, {d}, date '2013-03-08')",
        "time_bucket(interval '7 hours', x.ts)", "time_bucket(interval '15 minutes', x.ts)", "time_bucket(interval 1 month, x.ts)",
        "time_bucket(interval '1 day', x.tz)", "time_bucket(interval '5 hours', x.ts, timestamp '2013-03-01 02:30:00')",
        "time_bucket(interval 36 hour, x.d)", "time_bucket(interval 2 day, x.ts, timestamptz '2012-07-01')::date",
        "time_bucket(interval 2 day, x.ts, '2013-03-01 05:00:00'::date)", "time_bucket(interval 2 day, x.d, timestamp '2013-03-01 05:00:00')",
    ))  # fmt: skip
    what = rng.choice((
        "x.v", f"sum(x.v) over (partition by x.k, {p})", f"sum(x.v) over (order by {p})",
        f"(select count(*) from {_TWO} as y where y.d = {p})", f"count(*) over (partition by {d})",
    ))  # fmt: skip
    where = rng.choice(
        ("", "", f" where {p} > date '2013-03-08'", f" where {d} = date '2013-03-10'")
    )
    if rng.random() < 0.3:
        return f"select {p} as p, count(*) as v, min(x.d) as q from {_ONE} as x{where} group by {p}, x.k"
    return f"select {p} as p, {what} as v, x.id from {_ONE} as x{where}"
