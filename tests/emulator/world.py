"""A project in a Snowflake target on the emulator, and the same rows in DuckDB to compare with."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snowflake.connector
import yaml

from tests.e2e.command import ProjectDir
from tests.emulator.process import Emulator

PROJECT_FILE = "name: shop\nprofile: shop\nmodels:\n  shop:\n    +materialized: incremental\n"
CONFIG = """\
{{ config(event_time='day', batch_size='day', begin='2024-01-01',
          meta={'sqlbackfill': {'end': '2024-02-01'}}) }}
"""
EVENTS = CONFIG + "select day, id, amount\nfrom {{ source('raw', 'events') }}\n"
TOTALS = (
    CONFIG
    + """\
select day, cast(sum(amount) as integer) as amount, count(*) as events
from {{ ref('events') }}
group by day
"""
)
PER_DAY = 3


@dataclass(slots=True)
class World:
    """A project below `project`, whose target is the database `database` of an emulator."""

    project: ProjectDir
    emulator: Emulator
    database: str

    def target(self, **more: object) -> None:
        """Writes the profile that leads to the emulator; again where its port changed."""
        fields = {**self.emulator.fields("prod"), "database": self.database, **more}
        profile = {"shop": {"target": "dev", "outputs": {"dev": fields}}}
        self.project.write("profiles.yml", yaml.safe_dump(profile))

    @contextlib.contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor of the connector's own, beside the product's sessions."""
        fields = self.emulator.fields("RAW", database=self.database)
        names = ("account", "user", "password", "host", "port", "protocol", "database", "schema")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # version 5 tells of changes to come
            connection = snowflake.connector.connect(**{name: fields[name] for name in names})
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.cursor() as cursor:
            return list(cursor.execute(query).fetchall())

    def do(self, *statements: str) -> None:
        with self.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def make_world(root: Path, emulator: Emulator, days: int = 31, **fields: object) -> World:
    """Two daily models over a table of January 2024, three rows a day, in a database of its own."""
    database = "H" + os.urandom(4).hex().upper()
    world = World(ProjectDir(root), emulator, database)
    world.project.write("sqlbackfill.yml", PROJECT_FILE)
    source = "version: 2\nsources:\n  - {name: raw, schema: raw, tables: [{name: events}]}\n"
    world.project.write("models/sources.yml", source)
    world.project.write("models/events.sql", EVENTS)
    world.project.write("models/totals.sql", TOTALS)
    world.target(**fields)
    rows = ", ".join(
        f"('2024-01-{n // PER_DAY + 1:02d}', {n}, {n * 10})" for n in range(days * PER_DAY)
    )
    world.do(
        "create table events (day date, id number(38,0), amount number(38,0))",
        f"insert into events values {rows}",
    )
    return world


def expected_totals(days: int = 31) -> list[tuple[int, int, int]]:
    """What `totals` must hold: (day of the month, amount, events)."""
    return [
        (day + 1, sum(n * 10 for n in range(day * PER_DAY, (day + 1) * PER_DAY)), PER_DAY)
        for day in range(days)
    ]


def assert_whole(world: World, days: int = 31, *, asks_status: bool = True) -> None:
    """Both tables hold every row once, and the ledger has a record of each partition."""
    database = world.database
    totals = world.rows(f"select day(day), amount, events from {database}.prod.totals order by 1")
    assert totals == expected_totals(days)
    [(rows, ids)] = world.rows(f"select count(*), count(distinct id) from {database}.prod.events")
    assert (rows, ids) == (days * PER_DAY, days * PER_DAY)
    recorded = world.rows(
        "select model, start_ordinal, end_ordinal "
        f"from {database}.sqlbackfill.partition_log where action = 'built'"
    )
    for name in ("events", "totals"):
        built = {o for model, low, high in recorded if model == name for o in range(low, high)}
        assert len(built) == days
    if not asks_status:
        return
    status = world.project.command("status", "--json").document
    for model in status["models"]:
        assert (model["built"], model["stale"], model["failed"]) == (days, 0, 0), status
