"""Random queries whose partition, conditions and frames go through numbers and text that the SQL builds: keys
such as 20130310, epochs, parts of dates, days between dates. Owns no database and no analysis.

Among the formats are some that do not keep the order of time: nothing may be concluded from these.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tests.property.random_queries import ZONE, Generator, Query, Source

_ZONES: Final = ("UTC", "UTC", "UTC", ZONE, ZONE, "Asia/Kolkata", "Pacific/Auckland")
_NUMBERS: Final = ("%Y%m%d", "%Y%m%d", "%Y%m%d", "%Y%m", "%Y", "%Y%m%d%H")
_DISORDERED: Final = ("%y%m%d", "%d%m%Y", "%m%d%Y", "%Y%d%m", "%Y%j", "%-d%m", "%Y%-m%-d")
_TEXTS: Final = (
    "%Y%m%d",
    "%Y-%m-%d",
    "%Y-%m",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H",
    "%d.%m.%Y",
    "%m",
)
# 2013-03-07 in seconds, near which the moments of the databases lie.
_SECONDS: Final = 1_362_614_400


@dataclass(slots=True)
class EdgeGenerator(Generator):
    """Writes one query; most of its times are built from numbers, or are numbers."""

    def query(self) -> Query:
        made = super(EdgeGenerator, self).query()
        return Query(made.sql, made.tables, self._one(*_ZONES))

    # -- expressions --------------------------------------------------------------------------------

    def _number(self, sources: list[Source]) -> str:
        """A whole number that follows from a date or moment, or pretends to."""
        x, kind = self._column(sources)
        shape = self._one("format", "format", "format", "parts", "year", "epoch", "epoch", "divided", "days", "raw")  # fmt: skip
        if shape == "format":
            pattern = self._one(*(_NUMBERS if self._maybe(0.8) else _DISORDERED))
            text = self._one(f"strftime({x}, '{pattern}')", f"strftime('{pattern}', {x})")
            return self._one(f"cast({text} as integer)", f"cast({text} as bigint)")
        if shape == "parts":
            year, month, day = f"year({x}) * 10000", f"month({x}) * 100", f"day({x})"
            swapped = f"month({x}) * 10000 + year({x}) * 100 + day({x})"
            other = f"{year} + {month} + day({self._column(sources)[0]})"
            plain = f"{year} + {month} + {day}"
            return self._one(plain, plain, f"year({x}) * 100 + month({x})", swapped, other)
        if shape == "year":
            return self._one(
                f"year({x})", f"extract(year from {x})", f"year({x}) + 1", f"month({x})"
            )
        if shape == "epoch":
            return self._epoch(x)
        if shape == "divided":
            return self._one(
                f"epoch_ms({x}) // 86400000",
                f"cast(epoch({x}) as bigint) // 3600",
                f"epoch_us({x}) // 1000 // 86400000",
                f"epoch_ms({x}) // -1000",
                f"epoch_ms({x}) * 7 + 1",
            )
        if shape == "raw" or kind != "DATE":
            return f"{self._int(sources)} {self._one('* 3', '// 2', '* -2', '+ 1', '* 2 - 3')}"
        return self._days(x)

    def _epoch(self, x: str) -> str:
        return self._one(
            f"epoch_ms({x})",
            f"epoch_us({x})",
            f"cast(epoch({x}) as bigint)",
            f"cast(floor(epoch({x})) as bigint)",
            f"cast(date_part('epoch', {x}) as bigint)",
            f"cast(extract(epoch from {x}) as integer)",
        )

    def _days(self, x: str) -> str:
        return self._one(
            f"date_diff('day', DATE '2013-03-01', {x})",
            f"{x} - DATE '1970-01-01'",
            f"{x} - DATE '2013-03-10'",
            f"DATE '2013-03-20' - {x}",
            f"date_diff('week', DATE '2013-03-01', {x})",
        )

    def _time(self, sources: list[Source]) -> tuple[str, str]:
        shape = self._one("number", "number", "number", "text", "text", "from number", "plain")
        x, _ = self._column(sources)
        if shape == "number":
            return self._number(sources), "INTEGER"
        if shape == "text":
            pattern = self._one("%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%d-%m", "%Y-%m-01")
            dates = [c for s in sources for c in s.of("DATE")]
            texts = [c for s in sources for c in s.of("VARCHAR")]
            text = self._one(f"strftime({x}, '{pattern}')", f"strftime({x}, '{pattern}')",
                             *(f"cast({d} as varchar)" for d in dates[:1]), *texts[:1])  # fmt: skip
            return f"try_cast({text} as date)", "DATE"
        if shape == "from number":
            v = f"({_SECONDS} + {self._int(sources)} * {self._one('86400', '3600', '40000')})"
            made = self._one(f"to_timestamp({v})", f"epoch_ms({v} * 1000)", f"make_timestamp({v} * 1000000)",
                             f"to_timestamp(epoch_ms({x}) // 1000)")  # fmt: skip
            return f"cast({made} as date)", "DATE"
        return super(EdgeGenerator, self)._time(sources)

    # -- conditions ---------------------------------------------------------------------------------

    def _link(self, a: Source, b: Source) -> str:
        shape = self._one("text", "text", "number", "number", "epoch", "days", "raw text", "other", "other")  # fmt: skip
        (x, _), (y, _) = self._column([a]), self._column([b])
        if shape == "text":
            first = self._one(*_TEXTS)
            second = first if self._maybe(0.8) else self._one(*_TEXTS)
            return f"strftime({x}, '{first}') = strftime({y}, '{second}')"
        if shape == "number":
            pattern, step = self._one(*_NUMBERS, *_DISORDERED), self._one("", "", " + 1", " - 100")
            left, right = (f"cast(strftime({c}, '{pattern}') as bigint)" for c in (x, y))
            return f"{left} {self._one('=', '=', '<=', '>')} {right}{step}"
        if shape == "epoch":
            left, right = f"epoch_ms({x})", f"epoch_ms({y})"
            return self._one(
                f"{left} = {right}",
                f"{left} between {right} - 86400000 and {right}",
                f"{left} // 86400000 = {right} // 86400000",
                f"epoch({x}) <= epoch({y})",
                f"cast(epoch({x}) as bigint) = cast(epoch({y}) as bigint)",
                f"epoch_us({x}) + 3600000000 > epoch_us({y})",
            )
        dates, others = a.of("DATE"), b.of("DATE")
        if shape == "days" and dates and others:
            days = self._one(
                f"date_diff('day', {others[0]}, {dates[0]})", f"{dates[0]} - {others[0]}"
            )
            return f"{days} {self._one('= 1', '= 0', 'between 0 and 2', '<= 1', '> -2')}"
        raw = b.of("VARCHAR")
        if shape == "raw text" and raw:
            return f"strftime({x}, '%Y-%m-%d') = {raw[0]}"
        return super(EdgeGenerator, self)._link(a, b)

    def _bound(self, sources: list[Source]) -> str:
        if self.author or self._maybe(0.4):
            return super(EdgeGenerator, self)._bound(sources)
        x, _ = self._column(sources)
        operator, day = self._one(">=", "<", "<=", ">", "="), self._one("09", "10", "11")
        return self._one(
            f"year({x}) {operator} 2013",
            f"cast(strftime({x}, '%Y%m%d') as integer) {operator} 201303{day}",
            f"cast(strftime({x}, '%Y%m%d') as integer) < 99991231",
            f"cast(strftime({x}, '%d%m%Y') as integer) {operator} {day}032013",
            f"epoch_ms({x}) {operator} {_SECONDS + 3 * 86_400}000",
            f"cast(epoch({x}) as bigint) {operator} {_SECONDS + 3 * 86_400}",
            f"epoch({x}) {operator} {_SECONDS + 3 * 86_400}",
            f"year({x}) * 10000 + month({x}) * 100 + day({x}) {operator} 201303{day}",
            f"strftime({x}, '%Y-%m-%d') {operator} '2013-03-{day}'",
        )

    # -- windows ------------------------------------------------------------------------------------

    def _partition(self, sources: list[Source], p: str) -> str:
        if self._maybe(0.3):
            return self._number(sources)
        return super(EdgeGenerator, self)._partition(sources, p)

    def _window(self, sources: list[Source], p: str, total: str) -> str:
        if self._maybe(0.35):
            return super(EdgeGenerator, self)._window(sources, p, total)
        x, kind = self._column(sources)
        near = self.rng.choice((0, 1, 2))
        if kind == "DATE" and self._maybe(0.6):
            key, unit = self._days(x), 1
        else:
            key, unit = self.rng.choice(
                (
                    (f"epoch({x})", 86_400),
                    (f"epoch({x})", 3_600),
                    (f"extract(epoch from {x})", 86_400),
                    (f"epoch_ms({x})", 86_400_000),
                    (f"epoch_us({x})", 86_400_000_000),
                    (f"cast(epoch({x}) as bigint)", 86_400),
                    (f"epoch_ms({x}) // 3600000", 24),
                    (f"cast(strftime({x}, '%Y%m%d') as integer)", 1),
                    (f"epoch_ms({x}) * 2", 86_400_000),
                )
            )
        start = self._one(f"{near * unit} preceding", f"{unit} preceding", "unbounded preceding")
        end = self._one("current row", f"{near * unit} following", "unbounded following")
        order = key + self._one("", "", " desc", " desc nulls last", " nulls first")
        partition = self._partition(sources, p)
        frame = f"order by {order} range between {start} and {end}"
        inner = frame if partition == "1" else f"partition by {partition} {frame}"
        return f"{self._one('sum', 'count', 'max')}({self._int(sources)}) over ({inner})"


def edge_query(seed: int, number: int, focus: str | None = None) -> Query:
    """Query `number` of `seed`: the same one every time."""
    rng = random.Random(f"edges:{seed}:{number}:{focus}")
    chosen = focus or rng.choice(("all", "all", "joins", "windows", "windows", "groups", "groups"))
    return EdgeGenerator(rng, chosen).query()
