"""Random queries over three small tables, in every shape that the analysis has a rule for, and some
that it must refuse. Owns no database and no analysis.

A query is text with occurrences `__sb_occurrence_<i>__`; its first output column `p` is the
partition. Time columns of all kinds appear, with ties, NULLs, odd offsets and raw text dates.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

COLUMNS: Final = (
    ("d", "DATE"),
    ("e", "DATE"),
    ("ts", "TIMESTAMP"),
    ("tz", "TIMESTAMP WITH TIME ZONE"),
    ("ns", "TIMESTAMP_NS"),
    ("s", "VARCHAR"),
    ("k", "INTEGER"),
    ("v", "INTEGER"),
    ("id", "BIGINT"),
)
TABLES: Final = ("ta", "tb", "tc")
ZONE: Final = "America/New_York"
_TIMES: Final = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_JOINS: Final = (
    "join", "join", "left join", "left join", "right join", "full join", "cross join", "semi join",
    "anti join",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """`sql` with markers, the tables they stand for, and the session's time zone.

    `executed` says the same in DuckDB where `sql` is what DuckDB does not read.
    """

    sql: str
    tables: tuple[str, ...]
    zone: str
    dialect: str = "duckdb"
    executed: str = ""

    @property
    def runs(self) -> str:
        """The text that DuckDB is given."""
        return self.executed or self.sql


@dataclass(slots=True)
class Source:
    """A FROM item: its alias and columns by kind."""

    alias: str
    columns: dict[str, str]

    def of(self, *kinds: str) -> list[str]:
        return [f"{self.alias}.{c}" for c, kind in self.columns.items() if kind in kinds]


@dataclass(slots=True)
class Generator:
    """Writes one query. `focus` weighs the shapes: joins, windows, groups or all."""

    rng: random.Random
    focus: str = "all"
    author: bool = False
    bounded: tuple[str, str] | None = None
    tables: list[str] = field(default_factory=list)
    ctes: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    names: int = 0

    def query(self) -> Query:
        """A whole query."""
        zone = "UTC" if self.rng.random() < 0.85 else ZONE
        count = self.rng.choice((0, 0, 0, 1, 1, 2)) if self.focus == "all" else 0
        for _ in range(count):
            sql, columns = self._block(1)
            name = self._name("c")
            self.ctes.append((name, sql, columns))
        sql, _ = self._block(0)
        if self.ctes:
            listed = ", ".join(f"{name} as ({text})" for name, text, _ in self.ctes)
            sql = f"with {listed} {sql}"
        return Query(sql, tuple(self.tables), zone)

    def _name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def _one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def _maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    # -- blocks ---------------------------------------------------------------------------------

    def _block(self, depth: int) -> tuple[str, dict[str, str]]:
        """A query block whose columns are p and q (times), k and v (integers)."""
        if self.focus == "sets" and depth == 0:
            return self._union(depth)
        if self.focus == "all" and depth < 2 and self._maybe(0.12):
            return self._union(depth)
        kind = {
            "joins": "plain" if self._maybe(0.8) else "group",
            "windows": "window",
            "groups": "group",
            "sets": "plain",
        }.get(self.focus) or self._one(
            "plain",
            "plain",
            "plain",
            "group",
            "group",
            "window",
            "window",
            "distinct",
            "grouped window",
        )
        if depth > 0 and self.focus == "joins":
            kind = "plain"
        sources, from_ = self._from(depth)
        where = self._where(sources, depth)
        if depth == 0 and self.author:
            column, type_ = self._column(sources)
            where = (where or " where true") + f" and {self._author_bound(column)}"
            self.bounded = (column, type_)
        if kind == "group":
            return self._group(sources, from_, where)
        if kind == "window":
            return self._window_block(sources, from_, where)
        if kind == "grouped window":
            return self._grouped_window(sources, from_, where)
        return self._plain(sources, from_, where, distinct=kind == "distinct", depth=depth)

    def _union(self, depth: int) -> tuple[str, dict[str, str]]:
        left, columns = self._block(depth + 1)
        right, others = self._block(depth + 1)
        operator = self._one("union all", "union all", "union", "intersect", "except", "except all")
        if operator.startswith("union") and self._maybe(0.4):
            operator += " by name"
            if self._maybe(0.5):
                right = f"select q, p, v, k from ({right}) {self._name('r')}"
            elif self._maybe(0.3):
                right = f"select v, k from ({right}) {self._name('r')}"
        elif self._maybe(0.2):
            right = f"select q as x, p as y, v, k from ({right}) {self._name('r')}"
        del others
        return f"({left}) {operator} ({right})", columns

    def _plain(
        self, sources: list[Source], from_: str, where: str, *, distinct: bool, depth: int
    ) -> tuple[str, dict[str, str]]:
        p, kind = self._time(sources)
        q, other = self._time(sources)
        k, v = self._int(sources), self._int(sources)
        if depth < 2 and self._maybe(0.06):
            v = self._scalar(sources)
        head = "select distinct" if distinct else "select"
        order = ""
        if distinct and self._maybe(0.5):
            on = self._one("p", "k", "p, k", "k, v")
            head = f"select distinct on ({on})"
            order = f" order by {on}, p, q, k, v" if self._maybe(0.7) else ""
            if self._maybe(0.5):
                return (
                    f"{head} p, q, k, v from (select {p} as p, {q} as q, {k} as k, {v} as v from {from_}{where}) {self._name('x')}{order}",
                    {"p": kind, "q": other, "k": "INTEGER", "v": "INTEGER"},
                )
        sql = f"{head} {p} as p, {q} as q, {k} as k, {v} as v from {from_}{where}{order}"
        if self._maybe(0.05):
            sql += " order by all" + self._one(" limit 3", " limit 1", " limit 4 offset 1")
        return sql, {"p": kind, "q": other, "k": "INTEGER", "v": "INTEGER"}

    def _group(self, sources: list[Source], from_: str, where: str) -> tuple[str, dict[str, str]]:
        key, kind = self._time(sources)
        k = self._int(sources)
        shape = self._one(
            "key", "key", "key", "coarser", "min", "max", "omit", "all", "rollup", "by name"
        )
        q = self._one("min", "max") + f"({self._time(sources)[0]})"
        value = self._one(f"sum({self._int(sources)})", "count(*)", f"max({self._int(sources)})")
        having = self._one(
            "", "", "", " having count(*) > 1", f" having {key} >= DATE '2013-03-10'"
        )
        columns = {"p": kind, "q": "?", "k": "INTEGER", "v": "INTEGER"}
        if shape == "coarser":
            if kind not in ("DATE", "TIMESTAMP"):
                shape = "key"
            else:
                unit = self._one("day", "week", "month")
                p = f"cast(date_trunc('{unit}', {key}) as date)"
                return (
                    f"select {p} as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by {key}, {k}{having}",
                    columns | {"p": "DATE"},
                )
        if shape == "min" or shape == "max":
            column, kind = self._column(sources)
            cast = f"cast({shape}({column}) as date)"
            keys = self._one(f"cast({column} as date), {k}", k)
            return (
                f"select {cast} as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by {keys}",
                columns | {"p": "DATE"},
            )
        if shape == "omit":
            return (
                f"select max({key}) as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by {k}",
                columns,
            )
        if shape == "all":
            return (
                f"select {key} as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by all",
                columns,
            )
        if shape == "rollup":
            keys = self._one(
                f"rollup({key}, {k})",
                f"cube({key}, {k})",
                f"{key}, rollup({k})",
                f"grouping sets (({key}), ({k}), ())",
            )
            return (
                f"select {key} as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by {keys}",
                columns,
            )
        if shape == "by name":
            return (
                f"select {key} as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by p, 3{having}",
                columns,
            )
        return (
            f"select {key} as p, {q} as q, {k} as k, {value} as v from {from_}{where} group by {key}, {k}{having}",
            columns,
        )

    def _window_block(
        self, sources: list[Source], from_: str, where: str
    ) -> tuple[str, dict[str, str]]:
        p, kind = self._time(sources)
        q, other = self._time(sources)
        k = self._int(sources)
        total = ", ".join([c for s in sources for c in s.of("BIGINT") or s.of("INTEGER", *_TIMES)])
        window = self._window(sources, p, total)
        columns = {"p": kind, "q": other, "k": "INTEGER", "v": "INTEGER"}
        if self._maybe(0.25):
            rank = f"row_number() over (partition by {self._partition(sources, p)} order by {self._order(sources, p)}, {total})"
            sql = f"select {p} as p, {q} as q, {k} as k, {k} as v from {from_}{where} qualify {rank} = {self._one('1', '2')}"
            return sql, columns
        if self._maybe(0.3):
            inner = f"select {p} as p, {q} as q, {k} as k, {window} as v from {from_}{where}"
            return (
                f"select p, q, k, v from ({inner}) {self._name('w')} where {self._one('v = 1', 'v > 1', 'p is not null', 'k = 1')}",
                columns,
            )
        return f"select {p} as p, {q} as q, {k} as k, {window} as v from {from_}{where}", columns

    def _grouped_window(
        self, sources: list[Source], from_: str, where: str
    ) -> tuple[str, dict[str, str]]:
        key, kind = self._time(sources)
        k = self._int(sources)
        function = self._one("sum(count(*))", "lag(count(*))", "row_number()", "max(sum(1))")
        partition = self._one(f"partition by {k} ", f"partition by {key} ", "")
        frame = self._one("", "", "rows between 1 preceding and current row")
        if not function.startswith(("sum", "max")):
            frame = ""
        order = self._one(f"{key}, {k}", f"{key} desc, {k}", f"{k}, {key}")
        window = f"{function} over ({partition}order by {order} {frame})"
        return (
            f"select {key} as p, min({key}) as q, {k} as k, {window} as v from {from_}{where} group by {key}, {k}",
            {"p": kind, "q": kind, "k": "INTEGER", "v": "INTEGER"},
        )

    def _partition(self, sources: list[Source], p: str) -> str:
        return self._one(
            p, f"{p}, {self._int(sources)}", self._int(sources), self._int(sources), "1"
        )

    def _order(self, sources: list[Source], p: str) -> str:
        key = self._one(p, p, self._column(sources)[0], self._int(sources))
        return key + self._one("", "", "", " desc", " nulls first", " desc nulls last")

    def _window(self, sources: list[Source], p: str, total: str) -> str:
        partition = self._partition(sources, p)
        order = self._order(sources, p)
        v = self._int(sources)
        shape = self._one(
            "rank",
            "offset",
            "offset",
            "rows",
            "range",
            "range",
            "default",
            "whole",
            "ties",
            "groups",
        )
        over = f"partition by {partition} order by {order}"
        if partition == "1":
            over = f"order by {order}"
        if shape == "rank":
            return f"{self._one('row_number()', 'rank()', 'dense_rank()')} over ({over}, {total})"
        if shape == "offset":
            offset = self._one("", ", 1", ", 2", ", -1", ", -1", ", -2", ", 0", ", 1 + 1")
            nulls = self._one("", "", " ignore nulls")
            return f"{self._one('lag', 'lead')}({v}{offset}{nulls}) over ({over}, {total})"
        if shape == "ties":
            return f"{self._one('row_number()', f'lag({v})', 'ntile(2)')} over ({over})"
        if shape == "whole":
            return f"sum({v}) over (partition by {partition})"
        if shape == "default":
            return f"{self._one('sum', 'max', 'count')}({v}) over ({over})"
        if shape in ("rows", "groups"):
            bounds = self._one("2 preceding and current row", "current row and 1 following", "1 preceding and 1 following",
                               "unbounded preceding and 1 preceding", "2 following and unbounded following")  # fmt: skip
            if shape == "groups":
                return f"sum({v}) over ({over} groups between {bounds})"
            function = self._one("sum", "max", "first_value", "last_value", "nth_value")
            argument = f"{v}, 2" if function == "nth_value" else v
            return f"{function}({argument}) over ({over}, {total} rows between {bounds})"
        one, two = (self.rng.choice((0, 1, 2, 3)) for _ in range(2))
        unit = self._one("day", "day", "hour", "month", "week")
        key = self._one(p, self._column(sources)[0]) + self._one("", " desc")
        start = self._one(f"interval {one} {unit} preceding", "unbounded preceding", "current row")
        end = self._one("current row", f"interval {two} {unit} following", "unbounded following")
        if partition == "1":
            return f"sum({v}) over (order by {key} range between {start} and {end})"
        return f"sum({v}) over (partition by {partition} order by {key} range between {start} and {end})"

    # -- FROM and WHERE ---------------------------------------------------------------------------

    def _from(self, depth: int) -> tuple[list[Source], str]:
        count = self.rng.choice((1, 1, 2, 2, 3, 3, 3) if depth == 0 else (1, 1, 1, 2))
        if self.focus == "joins":
            count = self.rng.choice((2, 3, 3, 3)) if depth == 0 else self.rng.choice((1, 2))
        if self.focus in ("windows", "groups"):
            count = self.rng.choice((1, 1, 1, 2))
        source, text = self._item(depth)
        sources = [source]
        everything = [source]
        used_comma = False
        for _ in range(count - 1):
            join = self._one(*_JOINS)
            item, item_text = self._item(depth)
            if not used_comma and self._maybe(0.06) and join not in ("semi join", "anti join"):
                text += f", {item_text}"
                used_comma = True
            elif (
                self._maybe(0.05)
                and join not in ("cross join", "semi join", "anti join")
                and {"k", "d"} <= {*item.columns} & {*source.columns}
            ):
                text += f" {join} {item_text} using ({self._one('d', 'k', 'd, k')})"
            elif join in ("join", "left join", "cross join") and self._maybe(0.08) and depth < 2:
                item, item_text = self._lateral(everything)
                on = "" if join == "cross join" else " on true"
                text += f" {join} lateral {item_text}{on}"
            elif join == "cross join":
                text += f" cross join {item_text}"
            elif (
                count == 3
                and self._maybe(0.1)
                and join in ("join", "left join", "full join", "right join")
            ):
                inner, inner_text = self._item(depth)
                nested = f"({item_text} {self._one('join', 'left join', 'full join')} {inner_text} on {self._on([item], inner)})"
                text += (
                    f" {join} {nested} on {self._on(everything, self.rng.choice((item, inner)))}"
                )
                everything.append(inner)
                sources.append(inner)
            else:
                text += f" {join} {item_text} on {self._on(everything, item)}"
            if join not in ("semi join", "anti join"):
                everything.append(item)
                sources.append(item)
        return sources, text

    def _item(self, depth: int) -> tuple[Source, str]:
        chance = 0.3 if depth == 0 else 0.15
        alias = self._name("x")
        if self.ctes and self._maybe(0.5):
            name, _, columns = self.rng.choice(self.ctes)
            return Source(alias, columns), f"{name} as {alias}"
        if depth < 2 and self._maybe(chance):
            sql, columns = self._block(depth + 1)
            return Source(alias, columns), f"({sql}) as {alias}"
        marker = f"__sb_occurrence_{len(self.tables)}__"
        self.tables.append(self._one(*TABLES))
        return Source(alias, dict(COLUMNS)), f"{marker} as {alias}"

    def _lateral(self, left: list[Source]) -> tuple[Source, str]:
        inner, text = self._item(2)
        alias = self._name("l")
        p, kind = self._time([inner])
        condition = self._on(left, inner)
        cut = self._one("", "", " order by all limit 1")
        sql = f"(select {p} as p, {self._int([inner])} as k from {text} where {condition}{cut}) as {alias}"
        return Source(alias, {"p": kind, "k": "INTEGER"}), sql

    def _on(self, left: list[Source], right: Source) -> str:
        parts = [
            self._link(self.rng.choice(left), right) for _ in range(self.rng.choice((1, 1, 2, 2)))
        ]
        if self._maybe(0.2):
            parts.append(self._bound([self.rng.choice(left), right]))
        return " and ".join(parts)

    def _link(self, a: Source, b: Source) -> str:
        shape = self._one(
            "equal",
            "equal",
            "equal",
            "equal",
            "key",
            "shift",
            "range",
            "order",
            "text",
            "cast",
            "diff",
        )
        (x, _), (y, _) = self._column([a]), self._column([b])
        if shape == "equal":
            for kind in self.rng.sample(_TIMES, 3):
                if a.of(kind) and b.of(kind):
                    return f"{self.rng.choice(a.of(kind))} = {self.rng.choice(b.of(kind))}"
            return f"{x} = {y}"
        if shape == "key":
            return f"{self._int([a])} = {self._int([b])}"
        if shape == "shift":
            return f"{x} {self._one('=', '=', '<=')} {y} {self._one('+', '-')} interval {self._one('1', '2', '-1', '26')} {self._one('day', 'hour', 'month')}"
        if shape == "range":
            return f"{y} between {x} - interval {self._one('1', '2')} day and {x}{self._one('', ' + interval 1 day')}"
        if shape == "order":
            return f"{x} {self._one('<', '<=', '>', '>=')} {y}"
        if shape == "text" and b.of("VARCHAR"):
            return self._one(
                f"cast({b.alias}.s as date) = cast({x} as date)",
                f"{b.alias}.s = cast(cast({x} as date) as varchar)",
            )
        if shape == "diff":
            return f"date_diff('day', {x}, {y}) between 0 and 1"
        return f"cast({x} as date) = cast({y} as date)"

    def _where(self, sources: list[Source], depth: int) -> str:
        if self._maybe(0.45):
            return ""
        parts = [self._bound(sources) for _ in range(self.rng.choice((1, 1, 2)))]
        if depth < 2 and self._maybe(0.25):
            parts.append(self._subquery(sources))
        if len(sources) > 1 and self._maybe(0.3):
            a, b = self.rng.sample(sources, 2)
            parts.append(self._link(a, b))
        return " where " + " and ".join(parts)

    def _bound(self, sources: list[Source]) -> str:
        x, _ = self._column(sources)
        if self.author and self._maybe(0.6):
            return self._author_bound(x)
        day = self._one("2013-03-09", "2013-03-10", "2013-03-11")
        number = self._int(sources)
        return self._one(
            f"{x} >= DATE '{day}'",
            f"{x} < TIMESTAMP '{day} 05:30:00'",
            f"{x} is not null",
            f"{number} > 0",
            f"({x} >= DATE '{day}' or {number} = 1)",
            f"({x} < DATE '{day}' or {x} > DATE '2013-03-12')",
            f"not ({x} = DATE '{day}')",
            f"{x} in (DATE '{day}', DATE '2013-03-12')",
            f"{number} in (0, 1)",
            f"{number} is null",
            f"({x} is null or {x} <= DATE '{day}')",
            f"(1 = 0 or {x} between DATE '{day}' and DATE '2013-03-12')",
        )

    def _author_bound(self, x: str) -> str:
        """A comparison with the partition's own bounds, as an author writes them."""
        back = self._one("", "", " - interval 1 day", " - interval 3 day", " - 2")
        start = f"cast('__sb_start__' as date){back}"
        return self._one(
            f"{x} >= {start} and {x} < cast('__sb_end__' as date)",
            f"{x} >= {start} and {x} < cast('__sb_end__' as date) + interval 1 day",
            f"{x} >= {start}",
            f"{x} < '__sb_end__'",
            f"cast({x} as date) >= '__sb_start__' and cast({x} as date) < '__sb_end__'",
            f"cast({x} as date) between {start} and cast('__sb_end__' as date) - 1",
            f"({x} >= {start} or {x} is null)",
            f"{x} = '__sb_start__'",
        )

    def _subquery(self, sources: list[Source]) -> str:
        inner, text = self._item(2)
        link = self._link(self.rng.choice(sources), inner)
        x, kind = self._column(sources)
        same = inner.of(kind)
        shape = self._one(
            "exists",
            "not exists",
            "in",
            "in",
            "not in",
            "in linked",
            "not in linked",
            "or exists",
            "count",
        )
        if shape == "exists":
            return f"exists (select 1 from {text} where {link})"
        if shape == "not exists":
            return f"not exists (select 1 from {text} where {link})"
        if shape == "or exists":
            return f"({self._bound(sources)} or exists (select 1 from {text} where {link}))"
        if shape == "count":
            return f"(select count(*) from {text} where {link}) {self._one('> 0', '= 0', '< 2')}"
        if not same:
            x, same = self._int(sources), inner.of("INTEGER")
        column = self.rng.choice(same)
        where = f" where {link}" if "linked" in shape else ""
        return f"{x} {'not in' if 'not' in shape else 'in'} (select {column} from {text}{where})"

    def _scalar(self, sources: list[Source]) -> str:
        inner, text = self._item(2)
        link = self._link(self.rng.choice(sources), inner)
        where = self._one("", f" where {link}", f" where {link}")
        return (
            f"(select {self._one('max', 'count', 'sum')}({self._int([inner])}) from {text}{where})"
        )

    # -- expressions --------------------------------------------------------------------------------

    def _int(self, sources: list[Source]) -> str:
        columns = [c for s in sources for c in s.of("INTEGER")]
        return self.rng.choice(columns) if columns else "1"

    def _column(self, sources: list[Source]) -> tuple[str, str]:
        columns = [(c, kind) for s in sources for kind in _TIMES for c in s.of(kind)]
        return self.rng.choice(columns) if columns else ("DATE '2013-03-10'", "DATE")

    def _time(self, sources: list[Source]) -> tuple[str, str]:
        """A time expression and its type."""
        if self.bounded is not None and self._maybe(0.6):
            return self.bounded
        x, kind = self._column(sources)
        shape = self._one("plain", "plain", "plain", "plain", "cast", "cast", "trunc", "shift", "zone", "coalesce",
                          "coalesce", "case", "ns", "text", "month", "int")  # fmt: skip
        if shape == "cast":
            return f"cast({x} as date)", "DATE"
        if shape == "trunc":
            unit = self._one("day", "week", "month", "hour")
            return f"cast(date_trunc('{unit}', {x}) as date)", "DATE"
        if shape == "shift":
            number, unit = self._one("1", "-1", "2", "25"), self._one("day", "hour", "day")
            sum_ = f"{x} {self._one('+', '-')} interval ({number}) {unit}"
            return sum_, "TIMESTAMP" if kind == "DATE" else kind
        if shape == "month":
            sum_ = f"{x} {self._one('+', '-')} interval 1 month"
            return f"cast({sum_} as date)", "DATE"
        if shape == "int" and kind == "DATE":
            return f"{x} {self._one('+', '-')} {self._one('1', '3')}", "DATE"
        if shape == "zone":
            zoned = [c for s in sources for c in s.of("TIMESTAMP WITH TIME ZONE")]
            plain = [c for s in sources for c in s.of("TIMESTAMP")]
            if zoned and self._maybe(0.7):
                local = f"timezone('{ZONE}', {self.rng.choice(zoned)})"
                return self._one_of((f"cast({local} as date)", "DATE"), (local, "TIMESTAMP"))
            if plain:
                return f"{self.rng.choice(plain)} at time zone '{ZONE}'", "TIMESTAMP WITH TIME ZONE"
        if shape in ("coalesce", "case"):
            others = [c for s in sources for c in s.of(kind)]
            y = self.rng.choice(others) if others else x
            if len(sources) > 1 and self._maybe(0.7):
                a, b = self.rng.sample(sources, 2)
                if a.of(kind) and b.of(kind):
                    x, y = self.rng.choice(a.of(kind)), self.rng.choice(b.of(kind))
            if shape == "coalesce":
                return f"coalesce({x}, {y})", kind
            return f"case when {self._int(sources)} > 0 then {x} else {y} end", kind
        if shape == "ns":
            fine = [c for s in sources for c in s.of("TIMESTAMP_NS")]
            if fine:
                return f"cast({self.rng.choice(fine)} as date)", "DATE"
        if shape == "text":
            raw = [c for s in sources for c in s.of("VARCHAR")]
            if raw:
                return f"cast({self.rng.choice(raw)} as date)", "DATE"
        return x, kind

    def _one_of(self, *choices: tuple[str, str]) -> tuple[str, str]:
        return self.rng.choice(choices)


def random_query(seed: int, number: int, focus: str | None = None) -> Query:
    """Query `number` of `seed`: the same one every time. Without `focus`, half are join chains."""
    rng = random.Random(f"{seed}:{number}:{focus}")
    chosen = focus or rng.choice(
        ("all", "all", "all", "joins", "joins", "joins", "joins", "windows", "groups", "sets")
    )
    return Generator(rng, chosen, author=rng.random() < 0.12).query()
