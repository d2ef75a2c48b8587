"""A small project over one table, run and planned in this process."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import PlanRequest, plan
from sqlbackfill.app.run import RunOptions, run

DAYS = tuple(f"2024-03-{day:02d}" for day in range(1, 11))
SOURCE = "{{ source('raw', 'rows') }}"
RESTATE = dict.fromkeys(("raw.rows", "days", "seen", "most"), "restate")


class World:
    """A project over the table `raw.rows`; `stale` is what a run without -p would build."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "models").mkdir()
        (root / "sqlbackfill.yml").write_text("name: world\nprofile: world\n")
        (root / "profiles.yml").write_text(
            "world: {target: dev, outputs: {dev: {type: duckdb, path: warehouse.duckdb}}}\n"
        )
        self.options = Options(
            project_dir=root, profiles_dir=root, as_of=datetime(2024, 3, 11, tzinfo=UTC)
        )

    def execute(self, *statements: str) -> None:
        gc.collect()  # DuckDB keeps a file locked while a connection to it lives
        with duckdb.connect(str(self.root / "warehouse.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        gc.collect()
        with duckdb.connect(str(self.root / "warehouse.duckdb")) as connection:
            return connection.execute(query).fetchall()

    def days_of_source(self) -> None:
        self.execute(
            "create schema raw",
            "create table raw.rows as select date '2024-03-01' + i::int as day, i % 2 as k, i as v"
            " from range(10) as r(i)",
        )
        self.source(event_time="day")

    def source(self, *, event_time: str) -> None:
        (self.root / "models/sources.yml").write_text(
            "sources: [{name: raw, tables: [{name: rows,"
            f" config: {{event_time: {event_time}}}}}]}}]\n"
        )

    def model(self, name: str, sql: str, **ours: object) -> None:
        words = {"grain": "day", "on_change": RESTATE, **ours}
        config = f"event_time='day', begin='2024-03-01', meta={{'sqlbackfill': {words!r}}}"
        self.write(name, f"materialized='incremental', {config}", sql)

    def keyed(self, name: str, sql: str, keys: Sequence[str]) -> None:
        words = {"partitions": list(keys), "max_chunk": 1}
        config = f"event_time='region', meta={{'sqlbackfill': {words!r}}}"
        self.write(name, f"materialized='incremental', {config}", sql)

    def view(self, name: str, sql: str) -> None:
        self.write(name, "materialized='view'", sql)

    def write(self, name: str, config: str, sql: str) -> None:
        (self.root / f"models/{name}.sql").write_text(f"{{{{ config({config}) }}}}\n{sql}\n")

    def run(self, *partitions: str, select: tuple[str, ...] = ()) -> None:
        gc.collect()
        request = PlanRequest(select=select, partitions=partitions)
        wanted = RunOptions(yes=True, allow_empty=True)
        result = run(self.options, request, None, wanted, None, lambda _event: None)
        assert result.exit_code == 0, result.as_json()

    def stale(self) -> dict[str, tuple[str, ...]]:
        gc.collect()
        planned = plan(self.options, PlanRequest())
        planned.prepared.workspace.loaded.adapter.close()
        found: dict[str, tuple[str, ...]] = {}
        for step in planned.plan.steps:
            keys = map(
                planned.models[step.model].partitioning.record_key, step.partitions.ordinals()
            )
            found[step.model] = (*found.get(step.model, ()), *keys)
        return found
