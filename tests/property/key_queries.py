"""Random queries partitioned by a static list of keys, over tables of text with blanks, case, NULL and enums.

Owns the queries and their tables; `key_harness` runs them. A query is as in `random_queries`: markers
for tables, and a first output column `p`, which holds the key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from tests.property.random_queries import Query

KEY_TABLES: Final = ("ta", "tb", "tc")
KEY_COLUMNS: Final = (
    ("c", "VARCHAR"),
    ("g", "VARCHAR"),
    ("e", "ENUM('eu', 'us')"),
    ("n", "INTEGER"),
    ("v", "INTEGER"),
    ("id", "BIGINT"),
)
KEYS: Final = ("eu", "us", "EU", " eu", "eu ", "1", "")
_TEXTS: Final = ("c", "c", "c", "g")
_JOINS: Final = (
    "join", "join", "left join", "left join", "right join", "full join", "semi join", "anti join",
    "cross join",
)  # fmt: skip
_SHAPES: Final = (
    "plain", "plain", "distinct", "distinct on", "group", "group", "group", "omit", "rollup",
    "window", "window", "window", "set", "set", "above", "limit", "lowest",
)  # fmt: skip


def key_row(rng: random.Random, number: int) -> str:
    """A row of a table as VALUES has it."""

    def text() -> str:
        return "null" if rng.random() < 0.12 else f"'{rng.choice(KEYS[:3] + KEYS)}'"

    enum = rng.choice(("'eu'", "'us'", "null"))
    return f"({text()}, {text()}, {enum}, {rng.randrange(3)}, {rng.randrange(4)}, {number})"


@dataclass(slots=True)
class _Maker:
    """Writes one query."""

    rng: random.Random
    tables: list[str] = field(default_factory=list)
    aliases: int = 0

    def one(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def alias(self) -> str:
        self.aliases += 1
        return f"x{self.aliases}"

    def table(self) -> str:
        self.tables.append(self.rng.choice(KEY_TABLES))
        return f"__sb_occurrence_{len(self.tables) - 1}__"

    def query(self, depth: int = 0) -> str:
        """Columns p, k and v."""
        shape = self.rng.choice(_SHAPES) if depth == 0 else self.one("plain", "group", "set")
        if shape == "set":
            return self._set(depth)
        if shape == "above":
            inner, a = self.query(1), self.alias()
            p = self.one("p", "lower(p)", "coalesce(p, 'eu')", "p || ''")
            return f"select {p} as p, k, v from ({inner}) as {a} where {self._bound(f'{a}.p')}"
        aliases, from_ = self._from(depth)
        p, k = self._key(aliases), f"{self.rng.choice(aliases)}.n"
        v = f"{self.rng.choice(aliases)}.v"
        where = self._where(aliases, depth)
        rest = f"from {from_}{where}"
        match shape:
            case "distinct":
                return f"select distinct {p} as p, {k} as k, {v} as v {rest}"
            case "distinct on":
                on = self.one("p", "k", "k, p")
                inner = f"select {p} as p, {k} as k, {v} as v {rest}"
                order = self.one("", f" order by {on}, p, v", f" order by {on}, v, p")
                return f"select distinct on ({on}) p, k, v from ({inner}) as {self.alias()}{order}"
            case "group":
                having = self.one("", "", f" having {self._bound(p)}", " having count(*) > 1")
                return f"select {p} as p, {k} as k, sum({v}) as v {rest} group by {p}, {k}{having}"
            case "omit":
                most = self.one("min", "max")
                return f"select {most}({p}) as p, {k} as k, count(*) as v {rest} group by {k}"
            case "rollup":
                how = self.one(
                    f"rollup ({p}, {k})", f"cube ({p}, {k})", f"grouping sets (({p}), ({k}))"
                )
                return f"select {p} as p, {k} as k, count(*) as v {rest} group by {how}"
            case "window":
                return self._window(aliases, p, k, v, rest)
            case "limit":
                return f"select {p} as p, {k} as k, {v} as v {rest} order by all limit 3"
            case "lowest":
                bound = self._bound("p")
                return f"select p, k, v from (select {p} as p, {k} as k, {v} as v {rest}) as z where {bound}"
            case _:
                shown = self._scalar(aliases) if depth == 0 and self.rng.random() < 0.1 else v
                return f"select {p} as p, {k} as k, {shown} as v {rest}"

    def _set(self, depth: int) -> str:
        if self.rng.random() < 0.15:
            return self._named()
        operator = self.one("union all", "union all", "union", "intersect", "except", "except all")
        left, right = self.query(depth + 1), self.query(depth + 1)
        if operator.startswith("union") and self.rng.random() < 0.4:
            operator += " by name"
            right = f"select v, k, p from ({right}) as {self.alias()}"
        elif self.rng.random() < 0.3:
            key = self.one("'eu'", "'us'", "k::varchar", "p")
            right = f"select {key} as p, k, v from ({right}) as {self.alias()}"
        return f"({left}) {operator} ({right})"

    def _named(self) -> str:
        """Branches that have the same columns in another order, met by name or not."""
        arms = [f"{self._key(['y'])} as p", f"{self._key(['y'])} as q"]
        right = ", ".join(arms if self.rng.random() < 0.4 else arms[::-1])
        name = self.one(
            "union by name", "union all by name", "union by name", "union all", "except"
        )
        left = f"select {self._key(['x'])} as p, {self._key(['x'])} as q from {self.table()} as x"
        text = f"{left} {name} select {right} from {self.table()} as y"
        return f"select p, 0 as k, q as v from ({text}) as z"

    def _window(self, aliases: list[str], p: str, k: str, v: str, rest: str) -> str:
        part = self.one(
            p, p, p, p, f"{p}, {k}", f"{k}, {p}", k, f"{self.rng.choice(aliases)}.c", f"lower({p})"
        )
        ids = ", ".join(f"{a}.id" for a in aliases)
        order = self.one(p, k, f"{p} desc", ids) + f", {ids}"
        call = self.one(
            f"row_number() over (partition by {part} order by {order})",
            f"row_number() over (partition by {part} order by {order} desc)",
            f"rank() over (partition by {part} order by {k})",
            f"lag({v}) over (partition by {part} order by {order})",
            f"sum({v}) over (order by {order})",
            f"sum({v}) over (partition by {part})",
            f"count(*) over (order by {p})",
            f"sum({v}) over (partition by {part} order by {order} rows between 1 preceding and 1 following)",
            f"ntile(2) over (order by {order})",
        )
        if self.rng.random() < 0.4:
            return (
                f"select {p} as p, {k} as k, {v} as v {rest} qualify {call} = {self.one('1', '2')}"
            )
        return f"select {p} as p, {k} as k, {call} as v {rest}"

    def _from(self, depth: int) -> tuple[list[str], str]:
        first = self.alias()
        aliases, text = [first], f"{self._item(depth)} as {first}"
        for _ in range(
            self.rng.choice((0, 1, 1, 2, 2)) if depth == 0 else self.rng.choice((0, 0, 1))
        ):
            kind, alias = self.rng.choice(_JOINS), self.alias()
            on = (
                "" if kind == "cross join" else f" on {self._link(self.rng.choice(aliases), alias)}"
            )
            if (
                kind in ("join", "left join", "full join")
                and len(aliases) == 1
                and self.rng.random() < 0.15
            ):
                on = " using (c)"
            text += f" {kind} {self._item(depth)} as {alias}{on}"
            if kind not in ("semi join", "anti join"):
                aliases.append(alias)
        return aliases, text

    def _item(self, depth: int) -> str:
        plain = self.rng.random() < (0.65 if depth == 0 else 0.9)
        t = self.table()
        if plain:
            return t
        return self.one(
            f"(select distinct c, g, e, n, v, id from {t})",
            f"(select c, max(g) as g, max(e) as e, n, sum(v)::integer as v, min(id) as id from {t} group by c, n)",
            f"(select * from {t} where {self._bound('g')})",
            f"(select * from {t} union all select * from {self.table()})",
            f"(select 'eu' as c, g, e, n, v, id from {t} union all select g, c, e, n, v, id from {self.table()})",
            f"(select * from {t} qualify row_number() over (partition by c order by id) = 1)",
            f"(select * from {t} qualify row_number() over (partition by n order by id) = 1)",
            f"(select lower(c) as c, trim(g) as g, e, n, v, id from {t})",
        )

    def _text(self, alias: str) -> str:
        return f"{alias}.{self.rng.choice(_TEXTS)}"

    def _link(self, a: str, b: str) -> str:
        x, y = self._text(a), self._text(b)
        if self.rng.random() < 0.3:
            z = self._text(self.one(a, b))
            return f"{x} = {y} and {z} {self.one('=', '=', '<>')} {self.one(x, y)}"
        link = self.one(
            *[f"{x} = {y}"] * 8, f"{x} = {y} and {a}.n = {b}.n",
            f"lower({x}) = lower({y})", f"lower({x}) = {y}", f"trim({x}) = {y}", f"{x} is not distinct from {y}",
            f"{x} <= {y}", f"{x} = {y} collate nocase", f"{x} = {b}.e", f"{a}.e = {b}.e", f"{x} = {b}.n::varchar",
            f"{x} || '' = {y}", f"{x} like {y}", f"coalesce({x}, 'eu') = {y}", f"{a}.n = {b}.n", f"{x} <> {y}",
        )  # fmt: skip
        return f"{link} and {self._bound(self._text(b))}" if self.rng.random() < 0.15 else link

    def _key(self, aliases: list[str]) -> str:
        a, b = self.rng.choice(aliases), self.rng.choice(aliases)
        x, y = self._text(a), self._text(b)
        return self.one(
            *[x] * 20, f"lower({x})", f"trim({x})", f"{x} || ''", f"coalesce({x}, {y})", f"coalesce({x}, {y})",
            f"case when {a}.n > 0 then {x} else {y} end", f"nullif({x}, 'eu')", f"{a}.n::varchar",
            f"{a}.e::varchar", f"{x}::varchar", f"coalesce({x}, 'eu')", f"upper({x})", f"left({x}, 2)",
            f"{x} collate nocase", f"if({a}.n = 1, 'eu', {x})", f"greatest({x}, {y})", f"{a}.e",
        )  # fmt: skip

    def _where(self, aliases: list[str], depth: int) -> str:
        if self.rng.random() < 0.4:
            return ""
        a = self.rng.choice(aliases)
        parts = [self._bound(self._text(a))]
        if depth == 0 and self.rng.random() < 0.5:
            parts.append(self._subquery(a))
        return " where " + " and ".join(parts)

    def _bound(self, x: str) -> str:
        return self.one(
            f"{x} = 'eu'", f"{x} in ('eu', 'us')", f"{x} not in ('us', '1')", f"{x} <> 'us'", f"{x} is not null",
            f"({x} = 'eu' or {x} is null)", f"{x} like 'e%'", f"{x} >= 'a'", f"not ({x} = 'eu')", f"length({x}) = 2",
            f"lower({x}) = 'eu'", f"({x} = 'eu' or {x} > 'f')",
        )  # fmt: skip

    def _subquery(self, a: str) -> str:
        t, b = self.table(), self.alias()
        x, y = self._text(a), self._text(b)
        tie = self.one("", f" where {self._link(a, b)}", f" where {b}.n = {a}.n")
        member = self.one(
            f"exists (select 1 from {t} as {b} where {self._link(a, b)})",
            f"not exists (select 1 from {t} as {b} where {self._link(a, b)})",
            f"{x} in (select {y} from {t} as {b}{tie})",
            f"{x} not in (select {y} from {t} as {b}{tie})",
        )
        return f"({member} or {a}.n = 1)" if self.rng.random() < 0.2 else member

    def _scalar(self, aliases: list[str]) -> str:
        t, b = self.table(), self.alias()
        tie = self.one("", f" where {self._link(self.rng.choice(aliases), b)}")
        return f"(select count(*) from {t} as {b}{tie})"


def key_query(seed: int, number: int, focus: str | None = None) -> Query:
    """Query `number` of `seed`: the same one every time."""
    del focus
    maker = _Maker(random.Random(f"keys:{seed}:{number}"))
    sql = maker.query()
    return Query(sql, tuple(maker.tables), "UTC")
