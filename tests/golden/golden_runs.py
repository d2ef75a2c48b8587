"""Golden models executed in DuckDB: what each partition is by definition, and what injected queries give.

By definition a partition is the model's own run for that partition alone, with all rows of every
input, cut to the partition (theorems T1 and T2). Queries of other dialects are transpiled.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import sqlglot
from sqlglot import exp

from sqlbackfill.partitions.bounds import Bound, BoundType, print_bound
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.integers import IntegerPartitioning
from sqlbackfill.partitions.time_partitioning import TimePartitioning
from sqlbackfill.query.facts import QueryFacts
from sqlbackfill.query.splice import with_column
from sqlbackfill.template.types import Rendered
from tests.golden.golden_model import Column, GoldenModel, name_of

DATABASES = 3
_DAY = date(2024, 3, 1)
_MARKER = re.compile(r'"?__sb_occurrence_(\d+)__"?', re.IGNORECASE)
_CLOCKS = ("00:00:00", "00:00:00", "03:59:59", "07:30:00", "16:00:00", "23:59:59.999999")
_TEXTS = ("a", "a", "b", "c")

Rows = Counter[tuple[str | None, ...]]


class CannotRunError(Exception):
    """The model has no form that DuckDB understands, or no partitions to choose from."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A chunk whose injected query gave other rows than its partitions are by definition."""

    bounds: tuple[Bound, Bound]
    sql: str
    lost: list[tuple[str | None, ...]]
    gained: list[tuple[str | None, ...]]


class Runner:
    """Runs models on small random databases in one in-memory DuckDB."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        self._connection.execute("set TimeZone = 'UTC'")
        self._moments: list[datetime] = []
        self.rows_compared = 0

    def mismatch(self, model: GoldenModel, render: Rendered, facts: QueryFacts) -> Mismatch | None:
        """The first mismatch on several databases. Raises CannotRunError."""
        sql = _in_duckdb(model, render.sql)
        rng = random.Random(model.label)
        for number in range(DATABASES):
            by_chance = "partition" not in facts.strategies
            self._fill(model, rng, ties=not by_chance, days=(3, 9, 40)[number % 3])
            for _ in range(2):
                found = self._check(model, render, facts, sql, rng)
                if found is not None:
                    return found
        return None

    def _fill(self, model: GoldenModel, rng: random.Random, *, ties: bool, days: int) -> None:
        self._moments = [_moment(rng, days) for _ in range(8)]
        for one in model.inputs.values():
            table = _table(one.name)
            types = ", ".join(f'"{c.name}" {_duckdb_type(c, model.dialect)}' for c in one.columns)
            self._connection.execute(f"create or replace table {table} ({types})")
            rows = [
                "("
                + ", ".join(
                    _value(c, model.dialect, rng, self._moments, ties=ties) for c in one.columns
                )
                + ")"
                for _ in range(rng.choice((8, 14, 20)))
            ]
            self._connection.execute(f"insert into {table} values {', '.join(rows)}")
            if one.unique:
                self._connection.execute(
                    f"create or replace table {table} as"
                    f" select distinct on ({', '.join(one.unique)}) * from {table}"
                )

    def _check(
        self, model: GoldenModel, render: Rendered, facts: QueryFacts, sql: str, rng: random.Random
    ) -> Mismatch | None:
        partitioning = _partitioning(model, facts)
        first = partitioning.ordinal(_near(rng.choice(self._moments), partitioning, rng))
        several = {"range", "chunk"} & set(facts.strategies)
        count = rng.choice((1, 2, 5)) if several else 1
        expected: Rows = Counter()
        for ordinal in range(first, first + count):
            expected += self._rows(model, render, None, sql, partitioning.bounds(ordinal))
        bounds = partitioning.span_bounds(first, first + count)
        found = self._rows(model, render, facts, sql, bounds)
        self.rows_compared += expected.total()
        if expected == found:
            return None
        lost, gained = expected - found, found - expected
        injected = _query(model, render, facts, sql, bounds)
        return Mismatch(bounds, injected, [*lost.elements()], [*gained.elements()])

    def _rows(
        self,
        model: GoldenModel,
        render: Rendered,
        facts: QueryFacts | None,
        sql: str,
        bounds: tuple[Bound, Bound],
    ) -> Rows:
        query = _query(model, render, facts, sql, bounds)
        kind = _kind_of(bounds[0])
        own = f'"{model.partition.column}"'
        guard = f"{own} >= {_literal(bounds[0], kind)} and {own} < {_literal(bounds[1], kind)}"
        try:
            rows = self._connection.execute(
                f"select columns(*)::varchar from ({query}) as guarded where {guard}"
            ).fetchall()
        except duckdb.Error as error:
            raise CannotRunError(f"{error}\n{query}") from error
        return Counter(rows)


def _in_duckdb(model: GoldenModel, sql: str) -> str:
    if model.dialect == "duckdb":
        return sql.rstrip().rstrip(";")
    try:
        return sqlglot.transpile(sql, read=model.dialect, write="duckdb", comments=False)[0]
    except sqlglot.errors.SqlglotError as error:
        raise CannotRunError(str(error)) from error


def _query(
    model: GoldenModel,
    render: Rendered,
    facts: QueryFacts | None,
    sql: str,
    bounds: tuple[Bound, Bound],
) -> str:
    """The query for one run; without `facts` all rows are read, of the model's own table its past."""
    kind = _kind_of(bounds[0])
    scans: dict[int, str] = {}
    aliases = {one.index: one.alias for one in facts.occurrences} if facts is not None else {}
    for found in render.occurrences:
        name = name_of(found.target)
        conditions = []
        if facts is None and name == "this":
            conditions.append(f'"{model.partition.column}" < {_literal(bounds[0], kind)}')
        if facts is not None:
            conditions = _conditions(facts, found.index, bounds)
        where = f" where {' and '.join(conditions)}" if conditions else ""
        alias = aliases.get(found.index) or (
            None if facts else _plain_alias(sql, found.index, name)
        )
        scans[found.index] = f"(select * from {_table(name)}{where})" + (
            f' as "{alias}"' if alias else ""
        )
    if facts is not None and facts.substituted is not None:
        changed = with_column(render.sql, facts.substituted)
        assert changed is not None
        sql = _in_duckdb(model, changed)
    text = _MARKER.sub(lambda match: scans[int(match.group(1))], sql)
    for marker, bound in (("__sb_start__", bounds[0]), ("__sb_end__", bounds[1])):
        text = re.sub(marker, print_bound(bound, kind), text, flags=re.IGNORECASE)
    return text


def _conditions(facts: QueryFacts, index: int, bounds: tuple[Bound, Bound]) -> list[str]:
    occurrence = next(one for one in facts.occurrences if one.index == index)
    result = []
    for one in occurrence.ranges:
        interval = one.window.evaluate(*bounds)
        name = f'"{one.column}"'
        ends = [
            f"{name} {operator} {_literal(end, one.type)}"
            for operator, end in ((">=", interval.lo), ("<", interval.hi))
            if end is not None
        ]
        text = " and ".join(ends)
        if ends:
            result.append(f"({text} or {name} is null)" if interval.nulls else text)
    return result


def _plain_alias(sql: str, index: int, name: str) -> str | None:
    """The relation's own name, unless the author gives the occurrence an alias."""
    after = re.search(rf'__sb_occurrence_{index}__"?\s*(as\s+)?(\w+)?', sql, re.IGNORECASE)
    assert after is not None
    word = (after.group(2) or "").lower()
    has_alias = after.group(1) or (word and word not in _AFTER_TABLE)
    return None if has_alias else name.rsplit(".", 1)[-1]


_AFTER_TABLE = frozenset(
    "where group order having qualify limit union except intersect join left right full inner cross on using asof positional semi anti window lateral pivot unpivot natural select tablesample".split()  # noqa: SIM905  a list of words
)


def _partitioning(model: GoldenModel, facts: QueryFacts) -> TimePartitioning | IntegerPartitioning:
    kind = model.partition.column_type or facts.partition_type
    if kind is BoundType.INTEGER:
        return IntegerPartitioning(size=int(model.partition.grain))
    if kind is None or kind is BoundType.TEXT:
        raise CannotRunError("keys")
    grain = Grain.parse(model.partition.grain)
    return TimePartitioning(
        grain=grain,
        column_type=kind,
        timezone=model.partition.timezone,
        week_start=model.partition.week_start,
        begin=date(2024, 1, 1),
    )


def _near(
    moment: datetime,
    partitioning: TimePartitioning | IntegerPartitioning,
    rng: random.Random,
) -> Bound:
    """A bound whose partition is that of `moment`, or one a few days away."""
    moment += timedelta(days=rng.choice((-1, 0, 0, 0, 0, 1)))
    if isinstance(partitioning, IntegerPartitioning):
        size = partitioning.size
        return int(moment.strftime("%Y%m%d")) if size == 1 else rng.randrange(4)
    return moment.date() if partitioning.column_type is BoundType.DATE else moment


def _kind_of(bound: Bound) -> BoundType:
    match bound:
        case datetime():
            return BoundType.TIMESTAMPTZ
        case date():
            return BoundType.DATE
        case int():
            return BoundType.INTEGER
        case str():
            return BoundType.TEXT


def _literal(bound: Bound, kind: BoundType) -> str:
    if isinstance(bound, datetime):
        if kind is BoundType.TIMESTAMPTZ:
            return f"timestamptz '{bound.isoformat(' ')}'"
        return f"timestamp '{bound.replace(tzinfo=None).isoformat(' ')}'"
    if isinstance(bound, date):
        return f"date '{bound}'"
    return str(bound) if isinstance(bound, int) else f"'{bound}'"


def _table(name: str) -> str:
    return '"t_' + name.replace(".", "_") + '"'


def _duckdb_type(column: Column, dialect: str) -> str:
    return exp.DataType.build(column.type, dialect=dialect).sql("duckdb")


def _moment(rng: random.Random, days: int) -> datetime:
    day = _DAY + timedelta(days=rng.randrange(-days // 2, days - days // 2))
    return datetime.fromisoformat(f"{day} {rng.choice(_CLOCKS)}").replace(tzinfo=UTC)


def _value(
    column: Column, dialect: str, rng: random.Random, moments: list[datetime], *, ties: bool
) -> str:
    if rng.random() < 0.06:
        return "null"
    moment = rng.choice(moments)
    day = moment.date()
    if not ties or moment.time() != time():  # rare, but for those at midnight
        moment -= timedelta(microseconds=rng.randrange(10**6))
    if column.hint:
        return _HINTED[column.hint](day, moment, rng)
    type_ = exp.DataType.build(column.type, dialect=dialect)
    if type_.is_type("date"):
        return f"date '{day}'"
    if type_.is_type(*exp.DataType.TEMPORAL_TYPES):
        zoned = type_.this in (exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ)
        return _literal(moment, BoundType.TIMESTAMPTZ if zoned else BoundType.TIMESTAMP)
    if type_.is_type("array"):
        return f"[{', '.join(repr(text) for text in rng.sample(_TEXTS, rng.randrange(3)))}]"
    if type_.is_type("boolean"):
        return rng.choice(("true", "false"))
    if type_.is_type(*exp.DataType.TEXT_TYPES):
        return f"'{rng.choice(_TEXTS)}'"
    if type_.is_type(*exp.DataType.NUMERIC_TYPES):
        return str(rng.randrange(4))
    raise CannotRunError(f"no values for {column.type}")


def _json(day: date, moment: datetime, rng: random.Random) -> str:
    return (
        f"""'{{"country": "{rng.choice(_TEXTS)}", "value": {rng.randrange(3)}, "day": "{day}"}}'"""
    )


_HINTED = {
    "epoch_s": lambda day, moment, rng: str(int(moment.timestamp())),
    "epoch_ms": lambda day, moment, rng: str(int(moment.timestamp() * 1000)),
    "epoch_us": lambda day, moment, rng: str(int(moment.timestamp()) * 10**6),
    "yyyymmdd": lambda day, moment, rng: day.strftime("%Y%m%d"),
    "yyyymm": lambda day, moment, rng: day.strftime("%Y%m"),
    "date_text": lambda day, moment, rng: f"'{day}'",
    "time_text": lambda day, moment, rng: f"'{moment.replace(tzinfo=None).isoformat(' ')}'",
    "json": _json,
}
