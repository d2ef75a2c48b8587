"""Runs queries that are partitioned by keys: the rows of some keys, with and without injected lists."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable

import duckdb

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.query.analyse import analyse
from sqlbackfill.query.facts import AnalysisRequest, InputRef, PartitionInfo, QueryFacts
from tests.property.key_queries import KEY_COLUMNS, KEY_TABLES, KEYS, key_query, key_row
from tests.property.random_queries import Query
from tests.property.window_harness import Counts, Mismatch

_MARKER = re.compile(r"__sb_occurrence_(\d+)__")
MakeKeyQuery = Callable[[int, int, str | None], Query]


def key_databases(seed: int, count: int) -> duckdb.DuckDBPyConnection:
    """`db0` and on, each with its reverse `db0r`, where rows are stored the other way round."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("pragma disable_optimizer")
    rng = random.Random(seed)
    types = ", ".join(f"{name} {kind}" for name, kind in KEY_COLUMNS)
    for number in range(count):
        for name in (f"db{number}", f"db{number}r"):
            connection.execute(f"create schema {name}")
        for table in KEY_TABLES:
            rows = [key_row(rng, n) for n in range(rng.choice((0, 3, 6, 9, 14)))]
            for name, ordered in ((f"db{number}", rows), (f"db{number}r", rows[::-1])):
                connection.execute(f"create table {name}.{table} ({types})")
                if rows:
                    connection.execute(f"insert into {name}.{table} values {', '.join(ordered)}")
    return connection


def key_facts(query: Query) -> QueryFacts:
    """The analysis of a query whose `p` is one of a list of keys."""
    return analyse(
        AnalysisRequest(
            model="m",
            sql=query.sql,
            occurrences={
                f"__sb_occurrence_{i}__": InputRef(
                    relation=table, columns=KEY_COLUMNS, unique_keys=(("id",),)
                )
                for i, table in enumerate(query.tables)
            },
            partition=PartitionInfo(column="p", grain="keys", column_type=BoundType.TEXT),
        )
    )


def _listed(keys: Iterable[str]) -> str:
    return ", ".join(f"'{key}'" for key in sorted(keys))


def with_keys(query: Query, facts: QueryFacts | None, keys: frozenset[str]) -> str:
    """The query with the lists that the analysis allows for `keys`; without `facts`, as it is."""
    scans = dict(enumerate(query.tables))
    for occurrence in facts.occurrences if facts is not None else ():
        parts = []
        for one in occurrence.ranges:
            wanted = one.window.evaluate_keys(keys)
            if wanted is not None:
                parts.append(f"{one.column} in ({_listed(wanted)})")
        if parts:
            table = query.tables[occurrence.index]
            scans[occurrence.index] = f"(select * from {table} where {' and '.join(parts)})"
    return _MARKER.sub(lambda match: scans[int(match.group(1))], query.sql)


def _check(number: int, query: Query, world: duckdb.DuckDBPyConnection, counts: Counts, rng: random.Random, databases: int) -> None:  # fmt: skip
    counts.queries += 1
    facts = key_facts(query)
    by_chance = facts.is_volatile or facts.has_confined_choices
    injects = any(occurrence.ranges for occurrence in facts.occurrences)
    counts.by_chance += by_chance
    counts.injected += injects and not by_chance
    if not injects or by_chance:
        return
    for database in range(databases):
        keys = frozenset(rng.sample(KEYS, rng.choice((1, 1, 2))))
        if rng.random() < 0.6:
            keys |= {"eu"}
        inside = f"where z.p in ({_listed(keys)})"
        found = []
        for schema, text in (
            (f"db{database}", with_keys(query, None, keys)),
            (f"db{database}r", with_keys(query, facts, keys)),
        ):
            world.execute(f"set schema = '{schema}'")
            # Everything is computed before it is looked at: a comparison in a filter is pushed down.
            sql = f"with z as materialized ({text}) select columns(*)::varchar from z {inside}"
            try:
                found.append(Counter(world.execute(sql).fetchall()))
            except duckdb.FatalException:
                raise
            except duckdb.Error:
                if found:
                    raise
                counts.invalid += 1
                return
        counts.checks += 1
        counts.rows += sum(found[0].values())
        if found[0] != found[1]:
            bounds = (min(keys), max(keys))
            lost, gained = found[0] - found[1], found[1] - found[0]
            injected = with_keys(query, facts, keys)
            counts.mismatches.append(
                Mismatch(number, query, injected, database, bounds, [*lost.elements()], [*gained.elements()])
            )  # fmt: skip
            return


def run_keys(
    seed: int,
    numbers: Iterable[int],
    *,
    databases: int = 6,
    stop: bool = False,
    make: MakeKeyQuery = key_query,
) -> Counts:
    """Checks the queries `numbers` of `seed`; with `stop`, only until the first mismatch."""
    counts = Counts()
    world = key_databases(seed, databases)
    for number in numbers:
        rng = random.Random(f"{seed}:{number}")
        try:
            _check(number, make(seed, number, None), world, counts, rng, databases)
        except duckdb.FatalException:
            counts.invalid += 1
            world = key_databases(seed, databases)
        if stop and counts.mismatches:
            break
    return counts
