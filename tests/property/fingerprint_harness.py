"""Pairs of queries with a fingerprint in common, run in DuckDB: they must give the same rows."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations

import duckdb

from sqlbackfill.errors import ProjectError
from sqlbackfill.query.facts import AnalysisRequest, InputRef, QueryFacts
from sqlbackfill.query.fingerprint import with_fingerprints
from sqlbackfill.query.parse import Places, parse_query
from sqlbackfill.query.slices import slice_fingerprint
from tests.property.query_edits import HARMLESS, RISKY, aliases, edited, layout
from tests.property.random_queries import COLUMNS, TABLES, Query, random_query
from tests.property.window_harness import _FIRST

SCHEMA = (*COLUMNS, ("f", "DOUBLE"))
_MARKER = re.compile(r"__sb_occurrence_(\d+)__")
_FLOATS = ("0.1", "0.2", "0.3", "1e16", "0.0", "-0.0", "2.5", "'nan'", "0.30000000000000004")
Rows = Counter[tuple[object, ...]]


class World:
    """Small random databases as schemas of one DuckDB; `db0r` holds the rows of `db0` in reverse."""

    def __init__(self, seed: int, count: int) -> None:
        self.count = count
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("pragma disable_optimizer")
        rng = random.Random(seed)
        types = ", ".join(f"{name} {kind}" for name, kind in SCHEMA)
        for number in range(count):
            for name in (f"db{number}", f"db{number}r"):
                self.connection.execute(f"create schema {name}")
            for table in TABLES:
                rows = [_row(rng, n) for n in range(rng.choice((3, 6, 8)))]
                rows += rng.sample(rows, 1) if rng.random() < 0.5 else []
                for name, ordered in ((f"db{number}", rows), (f"db{number}r", rows[::-1])):
                    self.connection.execute(f"create table {name}.{table} ({types})")
                    self.connection.execute(
                        f"insert into {name}.{table} values {', '.join(ordered)}"
                    )

    def rows(self, schema: str, sql: str) -> Rows | None:
        """The rows as a bag, None where the query is an error there."""
        self.connection.execute(f"set schema = '{schema}'")
        try:
            return Counter(self.connection.execute(sql).fetchall())
        except duckdb.FatalException:
            raise
        except (duckdb.Error, UnicodeDecodeError):
            return None


def _row(rng: random.Random, number: int) -> str:
    def null(text: str) -> str:
        return "null" if rng.random() < 0.15 else text

    def day() -> str:
        return str(_FIRST + timedelta(days=rng.randrange(5)))

    clock = rng.choice(("00:00:00", "05:00:00", "23:59:59.7"))
    moment = f"{day()} {clock}"
    values = (f"DATE '{day()}'", f"DATE '{day()}'", f"TIMESTAMP '{moment}'", f"TIMESTAMPTZ '{moment}+00'",
              f"TIMESTAMP_NS '{moment}'", f"'{day()}'", str(rng.randrange(3)), str(rng.randrange(4)))  # fmt: skip
    cells = [null(value) for value in values]
    return f"({', '.join(cells)}, {number}, {null(rng.choice(_FLOATS))}::double)"


@dataclass(slots=True)
class Variant:
    """One version of a query with its fingerprints."""

    sql: str
    edit: str
    tables: tuple[str, ...]
    facts: QueryFacts
    found: dict[tuple[str, str], Rows | None] = field(default_factory=dict)

    def rows(self, world: World, schema: str, column: str | None) -> Rows | None:
        key = (schema, column or "*")
        if key not in self.found:
            sql = _MARKER.sub(lambda m: self.tables[int(m.group(1))], self.sql)
            sql = sql.replace("__sb_start__", str(_FIRST + timedelta(days=1)))
            sql = sql.replace("__sb_end__", str(_FIRST + timedelta(days=3)))
            shown = "columns(*)::varchar" if column is None else f'"{column}"::varchar'
            self.found[key] = world.rows(schema, f"select {shown} from ({sql}) z")
        return self.found[key]


@dataclass(slots=True)
class Tally:
    """What a run covered, and what it found."""

    pairs: int = 0
    equal: int = 0
    equal_slices: int = 0
    compared: int = 0
    by_chance: int = 0
    resolved: int = 0
    variants: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    lost: list[tuple[str, str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def facts_of(sql: str, tables: Sequence[str], schema: object = SCHEMA) -> QueryFacts | None:
    """The fingerprints of a query; None where it does not parse."""
    request = AnalysisRequest(
        model="m",
        sql=sql,
        occurrences={
            f"__sb_occurrence_{i}__": InputRef(relation=table, columns=schema)  # type: ignore[arg-type]
            for i, table in enumerate(tables)
        },
    )
    try:
        parsed = parse_query(request, Places(request))
    except ProjectError:
        return None
    return with_fingerprints(QueryFacts(), parsed, request)


def variants(query: Query, rng: random.Random, count: int) -> list[Variant]:
    """The query and `count` edited ones, each one or two edits away from one of those before."""
    found: list[Variant] = []
    versions = [(query.sql, "")]
    for _ in range(count * 3):
        if len(versions) > count:
            break
        sql, before = rng.choice(versions)
        name, changed = _edit(sql, rng)
        if changed is not None and changed not in [text for text, _ in versions]:
            versions.append((changed, f"{before} {name};"))
    for sql, edit in versions:
        facts = facts_of(sql, query.tables)
        if facts is not None:
            found.append(Variant(sql, edit, query.tables, facts))
    return found


def _edit(sql: str, rng: random.Random) -> tuple[str, str | None]:
    if rng.random() < 0.06:
        return "layout", edited(sql, lambda tree, _: tree, rng) and layout(sql)
    if rng.random() < 0.06:
        return "aliases", aliases(sql)
    edits = RISKY if rng.random() < 0.75 else HARMLESS
    name = rng.choice(sorted(edits))
    return name, edited(sql, edits[name], rng)


def check(found: Sequence[Variant], world: World, tally: Tally) -> None:
    """Compares the rows of all pairs that have a fingerprint, or a slice, in common."""
    tally.variants += len(found)
    tally.resolved += sum(bool(one.facts.row_fingerprint) for one in found)
    for one, two in combinations(found, 2):
        tally.pairs += 1
        if one.facts.fingerprint == two.facts.fingerprint:
            tally.equal += 1
            _compare(one, two, None, world, tally)
            continue
        for name in ("p", "k", "v"):
            if _slice(one, name) == _slice(two, name):
                tally.equal_slices += 1
                _compare(one, two, name, world, tally)


def _slice(one: Variant, name: str) -> str:
    return slice_fingerprint(one.facts, (name,))


def _compare(one: Variant, two: Variant, column: str | None, world: World, tally: Tally) -> None:
    for number in range(world.count):
        schema = f"db{number}"
        left, right = one.rows(world, schema, column), two.rows(world, schema, column)
        if left is None or right is None:
            continue
        tally.compared += 1
        if left == right:
            continue
        # Rows that an order does not tell apart come out as the engine happens to meet them.
        if any(
            v.rows(world, schema, column) != v.rows(world, f"{schema}r", column) for v in (one, two)
        ):
            tally.by_chance += 1
            continue
        tally.wrong.append(
            f"{schema} {column}\n{one.edit} {one.sql}\n{two.edit} {two.sql}\n"
            f"only first {left - right}\nonly second {right - left}"
        )
        return


def run(
    seed: int, numbers: Iterable[int], *, databases: int = 3, edits: int = 4, stop: bool = False
) -> Tally:
    """Checks the queries `numbers` of `seed` with their edits; with `stop`, until one is wrong."""
    tally, world = Tally(), World(seed, databases)
    for number in numbers:
        rng = random.Random(f"{seed}:{number}")
        query = random_query(seed, number)
        try:
            check(variants(query, rng, edits), world, tally)
        except duckdb.FatalException:
            world = World(seed, databases)
        if stop and tally.wrong:
            break
    return tally
