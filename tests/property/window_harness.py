"""Runs random queries on random databases: σ_P of the query against the query with injected ranges."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

import duckdb

from sqlbackfill.partitions.bounds import Bound, BoundType, print_bound
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts
from sqlbackfill.query.splice import with_column
from tests.property.random_queries import COLUMNS, TABLES, Query, random_query

_MARKER = re.compile(r"__sb_occurrence_(\d+)__")
_FIRST = date(2013, 3, 7)
# The columns of the tables as other dialects call their types; those that they lack are not there.
_TYPES_ELSEWHERE = {
    "bigquery": {
        "TIMESTAMP": "DATETIME",
        "VARCHAR": "STRING",
        "INTEGER": "INT64",
        "BIGINT": "INT64",
    },
    "snowflake": {"TIMESTAMP": "TIMESTAMP_NTZ"},
    "spark": {"TIMESTAMP": "TIMESTAMP_NTZ", "VARCHAR": "STRING", "INTEGER": "INT"},
    "postgres": {},
}

MakeQuery = Callable[[int, int, str | None], Query]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A query whose injected form gave other rows."""

    number: int
    query: Query
    injected: str
    database: int
    bounds: tuple[Bound, Bound]
    lost: list[tuple[str | None, ...]]
    gained: list[tuple[str | None, ...]]
    failure: str = ""

    def __str__(self) -> str:
        found = self.failure or f"lost {self.lost}\ngained {self.gained}"
        return (
            f"query {self.number} on database {self.database}, partitions {self.bounds}, zone {self.query.zone}\n"
            f"{self.query.sql}\n{self.injected}\n{found}"
        )


@dataclass(slots=True)
class Counts:
    """What a run covered."""

    queries: int = 0
    invalid: int = 0
    injected: int = 0
    by_chance: int = 0
    author_held: int = 0
    author_pinned: int = 0
    checks: int = 0
    rows: int = 0
    engine_faults: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)


class Databases:
    """Several small random databases, as schemas of one in-memory DuckDB.

    Each is there twice: `db0`, and `db0r` with the rows of every table in reverse, so that a choice
    between equal rows shows.
    """

    def __init__(self, seed: int, count: int) -> None:
        self.count = count
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("pragma disable_optimizer")
        rng = random.Random(seed)
        types = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
        for number in range(count):
            for name in (f"db{number}", f"db{number}r"):
                self.connection.execute(f"create schema {name}")
            for table in TABLES:
                rows = [_row(rng, n) for n in range(rng.choice((0, 3, 6, 6, 9, 14)))]
                for name, ordered in ((f"db{number}", rows), (f"db{number}r", rows[::-1])):
                    self.connection.execute(f"create table {name}.{table} ({types})")
                    if rows:
                        self.connection.execute(
                            f"insert into {name}.{table} values {', '.join(ordered)}"
                        )

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        return self.connection.execute(sql).fetchall()

    @contextmanager
    def optimized(self) -> Iterator[None]:
        """With the engine's optimizer, as in every run of a user; it is off for the sake of speed."""
        self.connection.execute("pragma enable_optimizer")
        try:
            yield
        finally:
            self.connection.execute("pragma disable_optimizer")


def _row(rng: random.Random, number: int) -> str:
    def null(text: str) -> str:
        return "null" if rng.random() < 0.12 else text

    day = _FIRST + timedelta(days=rng.randrange(7))
    clock = rng.choice(
        (
            "00:00:00",
            "00:30:00",
            "01:30:00",
            "03:59:59.7",
            "05:00:00",
            "06:30:00",
            "12:00:00",
            "23:59:59.999999",
        )
    )
    other = _FIRST + timedelta(days=rng.randrange(7))
    moment = f"{day} {clock}"
    text = rng.choice((str(day), str(day), f" {day}", f"{day.year}-{day.month}-{day.day}"))
    fine = rng.choice((moment, f"{day} 23:59:59.999999999", f"{other} 00:00:00.000000001"))
    values = (
        f"DATE '{day}'",
        f"DATE '{other}'",
        f"TIMESTAMP '{moment}'",
        f"TIMESTAMPTZ '{moment}+00'",
        f"TIMESTAMP_NS '{fine}'",
        f"'{text}'",
        str(rng.randrange(3)),
        str(rng.randrange(4)),
    )
    return f"({', '.join(null(value) for value in values)}, {number})"


def facts_of(query: Query) -> QueryFacts:
    """The analysis of a random query, partitioned by `p`."""
    return analyse(
        AnalysisRequest(
            model="m",
            sql=query.sql,
            dialect=query.dialect,
            occurrences={
                f"__sb_occurrence_{i}__": InputRef(
                    relation=table, columns=_columns(query.dialect), unique_keys=(("id",),)
                )
                for i, table in enumerate(query.tables)
            },
            partition=PartitionInfo(column="p", grain="day"),
            session_timezone=query.zone,
        )
    )


def _columns(dialect: str) -> tuple[tuple[str, str], ...]:
    if dialect == "duckdb":
        return COLUMNS
    names = _TYPES_ELSEWHERE[dialect]
    return tuple(
        (name, names.get(kind, kind)) for name, kind in COLUMNS if name not in ("tz", "ns")
    )


def literal(bound: Bound, kind: BoundType) -> str:
    """A typed literal, as a run prints it."""
    match kind:
        case BoundType.DATE:
            return f"DATE '{bound}'"
        case BoundType.TIMESTAMP:
            assert isinstance(bound, datetime)
            return f"TIMESTAMP '{bound.replace(tzinfo=None).isoformat(' ')}'"
        case BoundType.TIMESTAMPTZ:
            assert isinstance(bound, datetime)
            return f"TIMESTAMPTZ '{bound.isoformat(' ')}'"
        case _:
            return str(bound)


def inject(query: Query, facts: QueryFacts, lo: Bound, hi: Bound, kind: BoundType) -> str:
    """The query with every range that the analysis allows, for output partitions [lo, hi)."""
    scans: dict[int, str] = {}
    for occurrence in facts.occurrences:
        parts = []
        for one in occurrence.ranges:
            interval = one.window.evaluate(lo, hi)
            ends = [
                f"{one.column} {operator} {literal(end, one.type)}"
                for operator, end in ((">=", interval.lo), ("<", interval.hi))
                if end is not None
            ]
            if ends:
                text = " and ".join(ends)
                parts.append(f"({text} or {one.column} is null)" if interval.nulls else text)
        if parts:
            scans[occurrence.index] = " and ".join(parts)

    def scan(match: re.Match[str]) -> str:
        index = int(match.group(1))
        table = query.tables[index]
        return f"(select * from {table} where {scans[index]})" if index in scans else table

    sql = query.runs
    if facts.substituted is not None and not query.executed:
        changed = with_column(sql, facts.substituted)
        assert changed is not None
        sql = changed
    return _MARKER.sub(scan, _with_bounds(sql, lo, hi, kind))


def plain(query: Query, lo: Bound, hi: Bound, kind: BoundType) -> str:
    """The query as a run without injection has it."""
    sql = _with_bounds(query.runs, lo, hi, kind)
    return _MARKER.sub(lambda match: query.tables[int(match.group(1))], sql)


def _with_bounds(sql: str, lo: Bound, hi: Bound, kind: BoundType) -> str:
    if "__sb_" not in sql.replace("__sb_occurrence", ""):
        return sql
    start, end = print_bound(lo, kind), print_bound(hi, kind)
    return sql.replace("__sb_start__", start).replace("__sb_end__", end)


def _bounds(rng: random.Random, kind: BoundType, *, one_day: bool) -> tuple[Bound, Bound]:
    lo = _FIRST + timedelta(days=rng.randrange(-1, 8))
    hi = lo + timedelta(days=1 if one_day else rng.choice((1, 1, 2, 3)))
    if kind is BoundType.DATE:
        return lo, hi
    shift = timedelta(hours=rng.choice((0, 0, 5, 4)), minutes=rng.choice((0, 0, 30)))
    start, end = (datetime(d.year, d.month, d.day, tzinfo=UTC) + shift for d in (lo, hi))
    return start, end


def _bounds_among_values(query: Query, databases: Databases, rng: random.Random) -> tuple[int, int]:
    """Bounds of whole numbers, mostly such that a row of the first of the databases lies within."""
    sql = plain(query, 0, 1, BoundType.INTEGER)
    try:
        rows = databases.rows(f"select distinct p::bigint::varchar from ({sql}) z order by all")
    except (duckdb.Error, UnicodeDecodeError):
        rows = []
    values = [int(row[0]) for row in rows if row[0] is not None]
    lo = rng.choice(values or [0]) + rng.choice((0, 0, 0, -1, 1))
    return lo, lo + rng.choice((1, 1, 1, 2, 24, 100, 86_400))


def check(
    number: int, query: Query, databases: Databases, counts: Counts, rng: random.Random
) -> None:
    """Runs one query on every database and counts what was found."""
    counts.queries += 1
    facts = facts_of(query)
    kind = facts.partition_type
    # Where a column stands for the bound the text is changed, and only DuckDB's own text can be.
    is_changed = facts.substituted is not None and bool(query.executed)
    pinned = facts.strategies == ("partition",) or is_changed
    # Rows that are equal in an order come out as the engine's plan has it: nothing to compare.
    by_chance = facts.is_volatile or facts.has_confined_choices
    if kind is None or kind is BoundType.TEXT or facts.errors:
        kind = BoundType.DATE
    injects = any(occurrence.ranges for occurrence in facts.occurrences)
    counts.injected += injects and not by_chance
    counts.by_chance += by_chance
    counts.author_held += facts.author_bounds_hold is True
    counts.author_pinned += facts.author_bounds_hold is False
    databases.connection.execute(f"set TimeZone = '{query.zone}'")
    held = facts.author_bounds_hold is True and not is_changed
    for database in range(databases.count):
        if (not injects and not held) or by_chance:
            if database == 0 and not _is_valid(query, databases):
                counts.invalid += 1
            return
        lo, hi = _bounds(rng, kind, one_day=pinned)
        if kind is BoundType.INTEGER:
            databases.connection.execute(f"set schema = 'db{database}'")
            lo, hi = _bounds_among_values(query, databases, rng)
        injected = inject(query, facts, lo, hi, kind)
        compare = partial(
            _compare, number, query, injected, databases, database, (lo, hi), kind, held
        )
        try:
            found = compare()
        except duckdb.FatalException:
            raise
        except (duckdb.Error, UnicodeDecodeError):
            # The latter is the driver's: DuckDB's text of an error or a value may be cut mid-letter.
            counts.invalid += 1
            return
        if isinstance(found, Mismatch):
            # Without its optimizer DuckDB 2.0.1 loses NULLs and texts that went through a semi join by
            # ranges and then a cross product.
            with databases.optimized():
                again = compare()
            counts.engine_faults += not isinstance(again, Mismatch)
            found = again
        if isinstance(found, Mismatch):
            counts.mismatches.append(found)
            return
        counts.checks += 1
        counts.rows += found


def _compare(
    number: int,
    query: Query,
    injected: str,
    databases: Databases,
    database: int,
    bounds: tuple[Bound, Bound],
    kind: BoundType,
    held: bool,
) -> Mismatch | int:
    """How many rows were compared; raises duckdb.Error where the query without injection fails."""
    lo, hi = bounds
    inside = f"p >= {literal(lo, kind)} and p < {literal(hi, kind)}"
    expected = _expected(query, databases, database, bounds, kind, held)
    databases.connection.execute(f"set schema = 'db{database}r'")
    wrong = partial(Mismatch, number, query, injected, database, bounds)
    try:
        rows = databases.rows(f"select columns(*)::varchar from ({injected}) z where {inside}")
    except duckdb.FatalException:
        raise
    except (duckdb.Error, UnicodeDecodeError) as error:
        return wrong([], [], failure=repr(error))
    found = Counter(rows)
    if expected == found:
        return sum(expected.values())
    return wrong([*(expected - found).elements()], [*(found - expected).elements()])


def _is_valid(query: Query, databases: Databases) -> bool:
    databases.connection.execute("set schema = 'db0'")
    day = date(2013, 3, 9)
    try:
        databases.rows(f"explain {plain(query, day, day, BoundType.DATE)}")
    except duckdb.FatalException:
        raise
    except duckdb.Error:
        return False
    return True


def _expected(
    query: Query,
    databases: Databases,
    database: int,
    bounds: tuple[Bound, Bound],
    kind: BoundType,
    held: bool,
) -> Counter[tuple[str | None, ...]]:
    """The rows of the partitions: from one query, or where the author wrote bounds that hold, from
    one query per partition without injection.
    """
    databases.connection.execute(f"set schema = 'db{database}'")
    lo, hi = bounds
    pieces = [(lo, hi)]
    if held:
        assert isinstance(lo, date)  # a datetime is a date too
        assert isinstance(hi, date)
        step = timedelta(days=1)
        pieces = [(lo + step * n, lo + step * (n + 1)) for n in range((hi - lo).days)]
    rows: Counter[tuple[str | None, ...]] = Counter()
    for start, end in pieces:
        inside = f"p >= {literal(start, kind)} and p < {literal(end, kind)}"
        sql = plain(query, start, end, kind)
        everything = databases.rows(
            f"select ({inside})::varchar, columns(*)::varchar from ({sql}) z"
        )
        rows.update(row[1:] for row in everything if row[0] == "true")
    return rows


def run(
    seed: int,
    numbers: Iterable[int],
    *,
    databases: int = 6,
    focus: str | None = None,
    stop: bool = False,
    make: MakeQuery = random_query,
) -> Counts:
    """Checks the queries `numbers` of `seed`; with `stop`, only until the first mismatch."""
    counts = Counts()
    world = Databases(seed, databases)
    for number in numbers:
        query, rng = make(seed, number, focus), random.Random(f"{seed}:{number}")
        try:
            check(number, query, world, counts, rng)
        except duckdb.FatalException:
            # DuckDB itself gave up (a cast out of range inside its optimizer), and wants a new start.
            counts.invalid += 1
            world = Databases(seed, databases)
        if stop and counts.mismatches:
            break
    return counts
