"""Random queries with the rarer operators: PIVOT, UNPIVOT, ASOF, UNNEST, generated rows, recursion, GROUPS,
offsets in FULL joins, chains of LEFT joins. Owns no database and no analysis.

They stand wherever a table may: in CTEs, under joins of every kind, below windows, groups and WHERE.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Final

from tests.property.random_queries import COLUMNS, Generator, Query, Source

_DAY: Final = "INTERVAL 1 DAY"
_FIRST, _LAST = "DATE '2013-03-06'", "DATE '2013-03-15'"


@dataclass(slots=True)
class OperatorGenerator(Generator):
    """Writes one query with at least one of these operators, most of the time."""

    recursive: list[tuple[str, str]] = field(default_factory=list)

    def query(self) -> Query:
        zone = "UTC"
        for _ in range(self.rng.choice((0, 0, 0, 1, 1))):
            sql, columns = self._block(1)
            name = self._name("c")
            self.ctes.append((name, sql, columns))
        if self._maybe(0.2):
            self._add_recursive()
        sql, _ = self._block(0)
        if self.ctes:
            listed = ", ".join(
                f"{name}{self._columns_of(name)} as ({text})" for name, text, _ in self.ctes
            )
            sql = f"with {'recursive ' if self.recursive else ''}{listed} {sql}"
        return Query(sql, tuple(self.tables), zone)

    def _columns_of(self, name: str) -> str:
        return next((columns for known, columns in self.recursive if known == name), "")

    # -- FROM -------------------------------------------------------------------------------------

    def _from(self, depth: int) -> tuple[list[Source], str]:
        if depth == 0:
            self.bounded = None
            if self._maybe(0.12):
                return self._full_with_offset()
        sources, text = super(OperatorGenerator, self)._from(depth)
        for _ in range(self.rng.choice((0, 0, 1, 1, 2) if depth == 0 else (0, 0, 0, 1))):
            text = self._extended(sources, text, depth)
        return sources, text

    def _extended(self, sources: list[Source], text: str, depth: int) -> str:
        """The FROM clause with one more source to its right."""
        shape = self._one("asof", "asof", "asof", "unnest", "unnest", "numbers", "chain")
        if shape == "asof":
            return self._asof(sources, text, depth)
        if shape == "chain":
            left = sources[-1]
            item, item_text = self._item(depth)
            text += f" left join {item_text} on {self._link(left, item)}"
            if self._maybe(0.5):
                text += f" and {self._bound([item])}"
            after, after_text = self._item(depth)
            text += f" left join {after_text} on {self._link(item, after)}"
            if self._maybe(0.4):
                text += f" and {self._int([item])} = {self._int([after])}"
            if depth == 0 and self._maybe(0.4) and left.of("DATE"):
                self.bounded = (self.rng.choice(left.of("DATE")), "DATE")
            sources += [item, after]
            return text
        alias = self._name("u")
        if shape == "numbers":
            sources.append(Source(alias, {"n": "INTEGER"}))
            return f"{text} cross join range({self._one('2', f'coalesce({self._int(sources[:-1])}, 0)')}) as {alias}(n)"
        source = self.rng.choice(sources)
        kind = self._one("DATE", "TIMESTAMP")
        known = source.of(kind)
        if not known:
            return text
        first, second = self.rng.choice(known), self.rng.choice(known)
        step = self._one("", "", f" + {_DAY}") if kind == "TIMESTAMP" else self._one("", " + 1")
        listed = f"unnest([{first}, {second}{step}])"
        ordinality = " with ordinality" if self._maybe(0.3) else ""
        names = f"{alias}(x, o)" if ordinality else f"{alias}(x)"
        columns = {"x": kind} | ({"o": "INTEGER"} if ordinality else {})
        sources.append(Source(alias, columns))
        join = self._one("cross join", "join", "left join", "left join")
        on = "" if join == "cross join" else " on true"
        if on and self._maybe(0.3):
            on = f" on {alias}.x {self._one('>', '=', '<=')} {first}"
        return f"{text} {join} {listed}{ordinality} as {names}{on}"

    def _asof(self, sources: list[Source], text: str, depth: int) -> str:
        """An ASOF join, mostly to rows that the keys tell apart, so that no tie is left to chance."""
        left = self.rng.choice(sources)
        kind = self._one("DATE", "TIMESTAMP")
        known = left.of(kind)
        if not known:
            return text
        x = self.rng.choice(known)
        alias = self._name("s")
        column = {"DATE": "d", "TIMESTAMP": "ts"}[kind]
        keys = self._one("", "k", "k", "e", "k, e") if kind == "DATE" else self._one("", "k", "d")
        listed = ", ".join(part for part in (keys, column) if part)
        inner, inner_text = self._table()
        value = f"max({inner.alias}.v) as v"
        right = f"(select {listed}, {value} from {inner_text} group by {listed}) as {alias}"
        columns = {part: dict(COLUMNS)[part] for part in listed.split(", ")} | {"v": "INTEGER"}
        if self._maybe(0.1):
            right, columns = f"{self._table_named(alias)}", dict(COLUMNS)
        operator = self._one(">=", ">=", ">", "<=", "<")
        parts = [
            self._one(
                f"{x} {operator} {alias}.{column}",
                f"{alias}.{column} {_flipped(operator)} {x}",
            )
        ]
        for key in keys.split(", ") if keys else ():
            kind_of_key = dict(COLUMNS)[key]
            same = [c for s in sources for c in s.of(kind_of_key)]
            parts.append(f"{self.rng.choice(same) if same else f'{alias}.{key}'} = {alias}.{key}")
        if self._maybe(0.12):
            parts.append(self._one(f"{alias}.v <> 1", f"{self._int([left])} = 1"))
        self.rng.shuffle(parts)
        sources.append(Source(alias, columns))
        if depth == 0 and self._maybe(0.35):
            self.bounded = (f"{alias}.{column}", kind)
        side = self._one("asof join", "asof join", "asof left join")
        return f"{text} {side} {right} on {' and '.join(parts)}"

    def _full_with_offset(self) -> tuple[list[Source], str]:
        """Today's rows against those of another day, as a table that carries its own past does."""
        (a, a_text), (b, b_text) = self._table(), self._table()
        offset = self._one("+ 1", "- 1", "+ 2", f"+ {_DAY}", f"- {_DAY}", "")
        column = self._one("d", "d", "e")
        other = f"{b.alias}.{column} {offset}"
        wrong = self._one("", "", "", "", f"{b.alias}.e")
        on = f"{a.alias}.{column} = {wrong or other} and {a.alias}.k = {b.alias}.k"
        kind = "TIMESTAMP" if "INTERVAL" in offset else "DATE"
        self.bounded = (f"coalesce({a.alias}.{column}, {other})", kind)
        sources, text = [a, b], f"{a_text} full join {b_text} on {on}"
        if self._maybe(0.3):
            item, item_text = self._item(0)
            text += f" {self._one('join', 'left join')} {item_text} on {self._link(self._one_source(sources), item)}"
            sources.append(item)
        return sources, text

    def _one_source(self, sources: list[Source]) -> Source:
        return self.rng.choice(sources)

    def _table(self) -> tuple[Source, str]:
        alias = self._name("x")
        return Source(alias, dict(COLUMNS)), self._table_named(alias)

    def _table_named(self, alias: str) -> str:
        marker = f"__sb_occurrence_{len(self.tables)}__"
        self.tables.append(self._one("ta", "tb", "tc"))
        return f"{marker} as {alias}"

    def _item(self, depth: int) -> tuple[Source, str]:
        if depth < 2 and self._maybe(0.4):
            shape = self._one("pivot", "pivot", "pivot", "unpivot", "spine", "exploded", "sample")
            if shape == "pivot":
                return self._pivot(depth)
            if shape == "unpivot":
                return self._unpivot(depth)
            if shape == "spine":
                return self._spine()
            if shape == "exploded":
                return self._exploded(depth)
            if self._maybe(0.1):
                alias = self._name("x")
                text = self._table_named(alias) + self._one(
                    " tablesample bernoulli (100 percent)", " tablesample reservoir (3 rows)"
                )
                return Source(alias, dict(COLUMNS)), text
        return super(OperatorGenerator, self)._item(depth)

    def _pivot(self, depth: int) -> tuple[Source, str]:
        """A PIVOT of a table or a query: the columns that it does not name are its keys."""
        alias, inner = self._name("z"), self._name("y")
        columns: dict[str, str] = {"d": "DATE", "e": "DATE", "k": "INTEGER", "v": "INTEGER"}
        named = self.rng.sample(("d", "e"), self.rng.choice((1, 2, 2)))
        unique = self._maybe(0.15)
        listed = ", ".join([*named, "k", "v", *(["id as i"] if unique else [])])
        if self._maybe(0.25) and depth < 1:
            sql, known = self._block(depth + 1)
            if known["q"] == "?":
                known = {**known, "q": "DATE"}
            given = {n: kind for n, kind in known.items() if kind != "?"}
            text, columns = f"({sql})", given
            key = "p"
        else:
            marker = self._table_named(self._name("x"))
            if self._maybe(0.3):
                named, unique, listed = named[:1], False, f"{named[0]}, k, 1 as v"
            text = f"(select {listed} from {marker}{self._one('', ' where k > 0')})"
            columns = {name: columns[name] for name in (*named, "k", "v")}
            columns |= {"i": "INTEGER"} if unique else {}
            key = named[0]
        aggregate = self._one("sum(v)", "count(v)", "max(v)", f"max({key})", "min(v) as least")
        values = self._one("0, 1", "0 as zero, 1 as one", "1, 2, 3", f"1 as {key}")
        field_ = self._one("k", "k", "k", "v")
        if field_ == "v":
            aggregate = aggregate.replace("(v)", "(k)")
        group = ""
        if self._maybe(0.25):
            group = f" group by {self._one(key, key, *[c for c in columns if c not in ('k', 'v')])}"
        pivoted = {field_, aggregate.split("(")[1].split(")")[0]}
        left = {n: kind for n, kind in columns.items() if n not in pivoted}
        if group:
            left = {n: kind for n, kind in left.items() if n == group.rsplit(" ", 1)[1]}
        shown = alias
        if self._maybe(0.25) and not group and values != "1, 2, 3":
            made = len(values.split(", "))
            names = [*(f"a{n}" for n in range(len(left))), *(f"b{n}" for n in range(made))]
            shown = f"{alias}({', '.join(names)})"
            left = {f"a{n}": kind for n, kind in enumerate(left.values())}
        elif values == f"1 as {key}" and key in pivoted:
            left = {**left, key: "DATE"}
            if depth == 0 and self._maybe(0.6):
                self.bounded = (f"{alias}.{key}", "DATE")
        if self._maybe(0.5):
            text += f" as {inner}"
        return (
            Source(alias, left),
            f"{text} pivot ({aggregate} for {field_} in ({values}){group}) as {shown}",
        )

    def _unpivot(self, depth: int) -> tuple[Source, str]:
        alias = self._name("z")
        marker = self._table_named(self._name("x"))
        nulls = self._one("", " include nulls")
        if self._maybe(0.6):
            text = f"(select d, ts, e, k, v from {marker}) unpivot{nulls} (x for m in (k, v)) as {alias}"
            return Source(
                alias, {"d": "DATE", "ts": "TIMESTAMP", "e": "DATE", "x": "INTEGER"}
            ), text
        text = (
            f"(select d, e, ts, k, v from {marker}) unpivot{nulls} (x for m in (d, e)) as {alias}"
        )
        del depth
        return Source(alias, {"x": "DATE", "ts": "TIMESTAMP", "k": "INTEGER", "v": "INTEGER"}), text

    def _spine(self) -> tuple[Source, str]:
        alias = self._name("g")
        series = f"{self._one('generate_series', 'range')}({_FIRST}, {_LAST}, {_DAY})"
        if self._maybe(0.5):
            return Source(alias, {"x": "TIMESTAMP"}), f"{series} as {alias}(x)"
        shown = self._one("unnest({})", "cast(unnest({}) as date)").format(series)
        kind = "DATE" if "cast" in shown else "TIMESTAMP"
        return Source(alias, {"x": kind}), f"(select {shown} as x) as {alias}"

    def _exploded(self, depth: int) -> tuple[Source, str]:
        """A query with UNNEST in its SELECT list."""
        alias = self._name("z")
        marker = self._table_named(self._name("x"))
        listed = self._one("[d, e]", "[d, d + 1]", "[e]")
        text = f"(select d, ts, k, v, unnest({listed}) as x from {marker}) as {alias}"
        columns = {"d": "DATE", "x": "DATE", "ts": "TIMESTAMP", "k": "INTEGER", "v": "INTEGER"}
        if depth == 0 and self._maybe(0.3):
            self.bounded = (f"{alias}.x", "DATE")
        return Source(alias, columns), text

    # -- recursion ---------------------------------------------------------------------------------

    def _add_recursive(self) -> None:
        """A recursive CTE with columns p and q, k and v, whose step keeps p, mostly."""
        name, anchor_alias, step_alias = self._name("r"), self._name("x"), self._name("x")
        anchor = self._table_named(anchor_alias)
        at = self._one("d", "d", "e")
        start = f"select {anchor_alias}.{at} as p, {anchor_alias}.e as q, {anchor_alias}.k as k, 0 as v from {anchor}"
        start += self._one("", f" where {anchor_alias}.k = 0", f" where {anchor_alias}.v > 1")
        p = self._one("r.p", "r.p", "r.p", "r.p", "r.p + 1", "{s}.d", "max(r.p) over ()")
        q = self._one("r.q", "{s}.e", "r.p")
        on = self._one(
            "{s}.k = r.k + 1", "{s}.k = r.k + 1 and {s}.d = r.p", "{s}.d = r.p and {s}.v > r.v",
            "{s}.d between r.p and r.p + 1 and {s}.k = r.v", "{s}.e = r.q and {s}.d <= r.p",
        )  # fmt: skip
        stop = self._one("r.v < 2", "r.v < 2", "r.v < 3 and r.p >= DATE '2013-03-08'")
        join = self._one("join", "join", "join", "left join")
        if self._maybe(0.12):
            step = f"select r.p, r.q, r.k, r.v + 1 from {name} as r where {stop}"
            step += f" and r.k < (select count(*) from {name})" if self._maybe(0.3) else ""
        elif self._maybe(0.12):
            step = f"select r.p, max(r.q), count(*)::integer, r.v + 1 from {name} as r where {stop} group by {self._one('r.p, r.v', 'r.p, r.v, r.k')}"
        else:
            step = f"select {p}, {q}, {{s}}.k, r.v + 1 from {name} as r {join} {{t}} on {on} where {stop}"
            step = step.replace("{t}", self._table_named(step_alias)).replace("{s}", step_alias)
        if self._maybe(0.12):
            step = f"select r.p, r.q, (count(*) over ())::integer, r.v + 1 from {name} as r where r.v < 1"
        operator = self._one("union all", "union all", "union")
        columns = self._one("", "", "(p, q, k, v)")
        self.recursive.append((name, columns))
        kinds = {"p": "DATE", "q": "DATE", "k": "INTEGER", "v": "INTEGER"}
        self.ctes.append((name, f"{start} {operator} {step}", kinds))

    # -- windows -------------------------------------------------------------------------------------

    def _order(self, sources: list[Source], p: str) -> str:
        key = self._one(p, p, self._column(sources)[0], self._int(sources))
        return key + self._one("", " nulls last", " nulls first", " desc nulls last", " desc")

    def _window(self, sources: list[Source], p: str, total: str) -> str:
        if self._maybe(0.25) and re.fullmatch(r"\w+\.\w+", p):
            nulls = self._one("", " desc") + self._one(" nulls last", " nulls first")
            function = self._one("sum", "max", "count", "lag", "lead")
            tail = f", {total}" if function in ("lag", "lead") else ""
            v = self._int(sources)
            return f"{function}({v}) over (partition by {self._int(sources)} order by {p}{nulls}{tail})"
        if self._maybe(0.35):
            bounds = self._one(
                "2 preceding and current row", "current row and 1 following",
                "1 preceding and 1 following", "unbounded preceding and 1 preceding",
                "1 following and unbounded following", "current row and current row",
            )  # fmt: skip
            over = f"partition by {self._partition(sources, p)} order by {self._order(sources, p)}"
            function = self._one("sum", "max", "count")
            return f"{function}({self._int(sources)}) over ({over} groups between {bounds})"
        return super(OperatorGenerator, self)._window(sources, p, total)


def _flipped(operator: str) -> str:
    return {">=": "<=", ">": "<", "<=": ">=", "<": ">"}[operator]


def operator_query(seed: int, number: int, focus: str | None = None) -> Query:
    """Query `number` of `seed`: the same one every time."""
    rng = random.Random(f"operators:{seed}:{number}:{focus}")
    chosen = focus or rng.choice(("all", "all", "joins", "joins", "joins", "windows", "groups"))
    return OperatorGenerator(rng, chosen, author=rng.random() < 0.1).query()
