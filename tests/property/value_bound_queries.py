"""Random queries that use a partition's bound as a value, as ETL jobs do; nothing here knows the rules."""

from __future__ import annotations

import random
from typing import Final

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo

EVENTS: Final = (
    ("d", "DATE"),
    ("e", "DATE"),
    ("ts", "TIMESTAMP"),
    ("k", "INTEGER"),
    ("v", "INTEGER"),
)
S: Final = ("date '__sb_start__'", "cast('__sb_start__' as date)", "'__sb_start__'::date")
_DAY: Final = PartitionInfo(column="day", grain="day", column_type=BoundType.DATE)
_TABLE: Final = InputRef(relation="t", columns=EVENTS, unpartitioned=True)

OCCURRENCES: Final = {f"__sb_occurrence_{n}__": _TABLE for n in range(2)}


def value_bound_query(rng: random.Random) -> AnalysisRequest:
    """A query with one or two occurrences of a table."""
    one = rng.choice

    def bound() -> str:
        return one(S)

    join = one(("", "", "", "", "", "", "join", "left join", "right join", "full join"))
    on = one(("u.k = t.k", "u.d = t.d", "u.d = t.d - 1", f"u.k = t.k and u.d = {bound()}"))
    from_ = "__sb_occurrence_0__ t" + (f" {join} __sb_occurrence_1__ u on {on}" if join else "")
    sure = (
        f"t.d = {bound()}", "t.d = '__sb_start__'", "t.ts::date = '__sb_start__'",
        "t.d >= '__sb_start__' and t.d < '__sb_end__'", f"t.d = {bound()} and t.e <= {bound()}",
    )  # fmt: skip
    own = one((
        *sure, *sure, *sure,
        f"t.d = {bound()}", f"{bound()} = t.d", "t.d = '__sb_start__'", "t.ts::date = '__sb_start__'",
        "t.d >= '__sb_start__' and t.d < '__sb_end__'", f"t.d >= {bound()}", f"t.d <= {bound()}",
        f"t.d = {bound()} - 1", f"(t.d = {bound()} or t.k = 1)", f"t.e = {bound()} and t.d = t.e",
        f"not t.d = {bound()}", "t.d in ('__sb_start__')", "t.d >= '__sb_start__' and t.e < '__sb_end__'",
        f"t.d = {bound()} and t.e = {bound()}", f"t.d = {bound()} and (t.e < {bound()} or t.v = 1)",
    ))  # fmt: skip
    if join and rng.random() < 0.3:
        own += f" and u.d {one(('=', '<', '>='))} {bound()}"
    if rng.random() < 0.15:
        own += f" and t.v in (select v from __sb_occurrence_0__ w where w.d {one(('=', '<'))} {bound()})"
    day = one((*(bound() for _ in range(7)), "t.d", "t.e", f"{bound()} + 1", "t.d + 1"))
    more = one(("", ", '__sb_start__' as x", f", t.e - {bound()} as x", ", t.e < '__sb_start__' as x",
                f", case when t.e = {bound()} then 1 end as x", ", 'n__sb_start__' as x"))  # fmt: skip
    shape = one(
        (
            "rows",
            "rows",
            "groups",
            "groups",
            "groups",
            "groups",
            "groups",
            "scalar",
            "limit",
            "distinct",
            "window",
            "above",
        )
    )
    where = f"from {from_} where {own}"
    if shape == "groups":
        keys = one(("t.k", "t.k", "t.k", "1, t.k", "1, t.k", "all", "rollup(t.k)", "t.k, t.e, t.d"))
        agg = one((
            "count(*)", "sum(t.v)", "count(distinct t.e)", f"count(*) filter (where t.e = {bound()})",
            f"max(t.e - {bound()})",
        ))  # fmt: skip
        having = one(("", "", " having count(*) > 1", f" having max(t.e) >= {bound()}"))
        sql = f"select {day} as day, t.k, {agg} as n {where} group by {keys}{having}"
    elif shape == "scalar":
        sql = f"select {bound()} as day, count(*) as n {where}"
    elif shape == "limit":
        sql = f"select {day} as day, t.k, t.v{more} {where} order by all limit 2"
    elif shape == "distinct":
        sql = f"select distinct {one(('', 'on (t.k) '))}{day} as day, t.k {where} order by all"
    elif shape == "window":
        sql = f"select {day} as day, t.k, count(*) over (partition by t.k) as n {where}"
    elif shape == "above":
        sql = (
            f"with c as (select t.d, t.k, count(*) as n {where} group by 1, 2)"
            f" select {bound()} as day, t.k, t.n from c t"
            + one(("", f" where t.d = {bound()}", f" where t.d >= {bound()}"))
        )
    else:
        sql = f"select {day} as day, t.k, t.v{more} {where}"
    occurrences = {
        f"__sb_occurrence_{n}__": _TABLE for n in range(2) if f"__sb_occurrence_{n}__" in sql
    }
    return AnalysisRequest(model="m", sql=sql, occurrences=occurrences, partition=_DAY)
