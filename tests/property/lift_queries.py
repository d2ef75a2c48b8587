"""Random queries for one partition, as authors write them with bounds; nothing here knows the rules."""

from __future__ import annotations

import random
from collections.abc import Callable

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo

S, E = "'__sb_start__'", "'__sb_end__'"
EVENTS = (
    ("id", "INTEGER"),
    ("d", "DATE"),
    ("ts", "TIMESTAMP"),
    ("k", "VARCHAR"),
    ("day_text", "VARCHAR"),
    ("v", "INTEGER"),
    ("x", "DOUBLE"),
)
USERS = (("k", "VARCHAR"), ("since", "DATE"), ("name", "VARCHAR"), ("w", "INTEGER"))
_DAY = PartitionInfo(column="d", grain="day", column_type=BoundType.DATE)
REFS = {
    "events": InputRef(relation="events", columns=EVENTS, partition=_DAY),
    "users": InputRef(relation="users", columns=USERS, unpartitioned=True),
}


class QueryMaker:
    """Makes one query after the other from a seed."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._tables: list[str] = []

    def request(self) -> AnalysisRequest:
        self._tables = []
        sql = self._query()
        refs = {f"__sb_occurrence_{i}__": REFS[name] for i, name in enumerate(self._tables)}
        return AnalysisRequest(
            model="m",
            sql=sql,
            occurrences=refs,
            partition=PartitionInfo(column="day", grain="day", column_type=BoundType.DATE),
        )

    def _table(self, name: str) -> str:
        self._tables.append(name)
        return f"__sb_occurrence_{len(self._tables) - 1}__"

    def _pick(self, *options: str) -> str:
        return self._dice.choice(options)

    def _chance(self, p: float) -> bool:
        return self._dice.random() < p

    def _bound(self) -> str:
        return self._pick(
            f"date {S}", f"cast({S} as date)", f"{S}::date", f"CAST({S} AS DATE)", f"date {S}"
        )

    def _where(self, t: str) -> str:
        n = self._dice.randint(1, 8)
        return self._pick(
            f"{t}.d = {S}",
            f"{t}.d = {S}",
            f"{t}.d >= {S} and {t}.d < {E}",
            f"({t}.d >= {S} and {t}.d < {E})",
            f"{t}.d between {self._bound()} - {n} and {self._bound()}",
            f"{t}.d between {S} and {S}",
            f"{t}.d in ({S}, {E})",
            f"{t}.ts >= {S} and {t}.ts < {E}",
            f"{t}.ts::date = {S}",
            f"{t}.day_text = {S}",
            f"{t}.d >= {self._bound()} - interval {n} day and {t}.d < {E}",
            f"{t}.d < {self._bound()} and {t}.v > 1",
            f"({S} <= {t}.d or {t}.k = 'a') and {t}.d < {E}",
            f"not ({t}.d <> {S})",
            f"{t}.ts < '__sb_start__ 12:00:00' and {t}.d >= {S}",
            "true",
        )

    def _day(self, t: str | None) -> str:
        options = [f"date {S}", f"cast({S} as date)", f"{S}::date", f"date {S}", f"date {S}"]
        if t is not None:
            options += [f"{t}.d", f"{t}.d + 1", f"case when {t}.v > 2 then date {S} else {t}.d end"]
        return self._dice.choice(options)

    def _query(self) -> str:
        makers: list[Callable[[], str]] = [
            self._grouped, self._grouped, self._scalar, self._limited, self._windowed, self._joined,
            self._joined, self._cte, self._union, self._distinct, self._correlated, self._anti,
            self._above, self._recursive, self._spine,
        ]  # fmt: skip
        return self._dice.choice(makers)()

    def _from(self) -> str:
        return f"from {self._table('events')} t"

    def _grouped(self) -> str:
        day = self._day("t") if self._chance(0.3) else self._day(None)
        agg = self._pick("count(*)", "sum(t.v)", "max(t.ts)", f"count(*) filter (where t.d = {S})")
        group = self._pick("group by 1, t.k", "group by all", "group by day, t.k")
        if day.startswith(("date", "cast", "'")):
            group = self._pick(group, "group by t.k")
        having = self._pick("", "", " having count(*) > 1")
        return f"select {day} as day, t.k, {agg} as a {self._from()} where {self._where('t')} {group}{having}"

    def _scalar(self) -> str:
        extra = self._pick(
            "", ", '__sb_start__' as s", ", 'n ' || '__sb_start__' as s", ", 'a__sb_end__b' as s"
        )
        return f"select {self._day(None)} as day{extra}, count(*) as n, sum(t.x) as s2 {self._from()} where {self._where('t')}"

    def _limited(self) -> str:
        limit = self._pick("limit 3", "limit 2 offset 1")
        return f"select {self._day('t')} as day, t.id, t.v {self._from()} where {self._where('t')} order by t.v desc, t.id, t.d, t.ts, t.k, t.day_text, t.x {limit}"

    def _windowed(self) -> str:
        part = self._pick("partition by t.k ", "", "partition by t.k, t.d ")
        call = self._pick(
            "sum(t.v)", "count(*)", "min(t.v)", "lag(t.v)", "rank()", "max(t.id)", "dense_rank()"
        )
        frame = self._pick("", " range between interval 3 days preceding and current row")
        if call.startswith(("lag", "rank", "dense")):
            frame = ""
        order = (
            "order by t.d"
            if frame or not call.startswith("lag")
            else "order by t.d, t.id, t.ts, t.v"
        )
        return f"select {self._day('t')} as day, t.id, {call} over ({part}{order}{frame}) as r {self._from()} where {self._where('t')}"

    def _joined(self) -> str:
        kind = self._pick("join", "left join", "right join", "full join")
        first, second = self._table("events"), self._table(self._pick("events", "users"))
        on = "t.k = u.k"
        is_users = self._tables[-1] == "users"
        if self._chance(0.6):
            on += f" and u.since < {S}" if is_users else f" and u.d = {self._bound()} - 1"
        where = self._pick("", f" where {self._where('t')}", f" where {self._where('t')}")
        column = "u.name" if is_users else "u.v"
        return f"select {self._day('t')} as day, t.id, {column} as c from {first} t {kind} {second} u on {on}{where}"

    def _cte(self) -> str:
        inner, outer = self._where("t"), self._pick("", f" where e.d = {S}", f" where e.d < {E}")
        twice = self._chance(0.4)
        join = " left join e e2 on e2.k = e.k and e2.v = e.v + 1" if twice else ""
        more = ", e2.id as other" if twice else ""
        material = self._pick("", "materialized ", "not materialized ")
        return f"with e as {material}(select t.* {self._from()} where {inner}) select {self._day('e')} as day, e.id{more} from e{join}{outer}"

    def _union(self) -> str:
        op = self._pick("union all", "union", "except", "intersect", "union all by name")
        first = f"select {self._day('t')} as day, t.k as k {self._from()} where {self._where('t')}"
        second = f"select {self._day('t')} as day, t.k as k {self._from()} where {self._where('t')}"
        return f"{first} {op} {second}"

    def _distinct(self) -> str:
        on = self._pick("distinct", "distinct on (t.k)")
        order = " order by t.k, t.v, t.id, t.d, t.ts, t.x, t.day_text" if "on" in on else ""
        return f"select {on} {self._day('t')} as day, t.k, t.v {self._from()} where {self._where('t')}{order}"

    def _correlated(self) -> str:
        first, second = self._table("events"), self._table("events")
        sub = self._pick(
            f"(select max(s.v) from {second} s where s.d < {S} and s.k = t.k)",
            f"(select count(*) from {second} s where s.d = {S})",
            f"exists (select 1 from {second} s where s.k = t.k and s.d = {self._bound()} - 1)",
        )
        return f"select {self._day('t')} as day, t.id, {sub} as c from {first} t where {self._where('t')}"

    def _anti(self) -> str:
        first, second = self._table("events"), self._table("events")
        word = self._pick("not in", "in")
        return f"select {self._day('t')} as day, t.id from {first} t where {self._where('t')} and t.v {word} (select s.v from {second} s where s.d < {S})"

    def _above(self) -> str:
        inner = f"select t.d as dd, t.k as kk, count(*) as n {self._from()} group by t.d, t.k"
        return (
            f"select q.dd as day, q.kk, q.n, '__sb_start__' as s from ({inner}) q where q.dd = {S}"
        )

    def _recursive(self) -> str:
        return f"with recursive r(i) as (select 0 union all select i + 1 from r where i < 2) select {self._day(None)} as day, r.i, t.id from r join {self._table('events')} t on t.v = r.i where {self._where('t')}"

    def _spine(self) -> str:
        return f"select cast(g.day as date) as day, count(t.id) as n from (select unnest(generate_series(date {S} - 1, date {E}, interval 1 day)) as day) g left join {self._table('events')} t on t.d = g.day group by 1"
