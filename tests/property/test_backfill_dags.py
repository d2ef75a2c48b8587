"""After any edits of code and of source rows, a run without -p gives what a rebuild from scratch
gives, and rebuilds no partition whose code and inputs are what they were."""

from __future__ import annotations

import gc
import random
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sqlbackfill.app.options import Options
from sqlbackfill.app.plan import PlanRequest, plan
from sqlbackfill.app.run import RunOptions, run
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.run.events import ChunkFinished, Event, RunStarted
from tests.property.dags import (
    AS_OF,
    DAYS,
    INLINED,
    SHAPES,
    SOURCES,
    Expected,
    Node,
    Project,
    bend,
    edit_sources,
    edited,
    expected,
    make_sources,
    partitions_of,
    random_project,
)

EDITS = 4
Seen = tuple[object, ...]


class Backfill:
    """One project over its life: what each partition saw when it was built last."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.rng = random.Random(seed)
        self.project = random_project(self.rng)
        self.seen: dict[tuple[str, date], Seen] = {}
        self.options = Options(project_dir=root, profiles_dir=root, as_of=AS_OF)
        with self.connect() as connection:
            make_sources(connection, self.rng)

    def connect(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.root / "warehouse.duckdb"))

    def edit(self) -> None:
        if self.rng.random() < 0.2:
            self._go_and_come_back()
        for _ in range(self.rng.randint(1, 2)):
            if self.rng.random() < 0.5:
                self.project = edited(self.project, self.rng)
            else:
                with self.connect() as connection:
                    edit_sources(connection, self.rng)
        if self.rng.random() < 0.2:
            with self.connect() as connection:
                bend(connection, self.rng)
        if self.rng.random() < 0.2:
            self._run_a_part()
        if self.rng.random() < 0.2:
            self._drop_a_table()

    def _drop_a_table(self) -> None:
        """What read it is stale at once, since it recorded rows; but not if they come back the same."""
        node = self.rng.choice(self.project.nodes)
        if SHAPES[node.shape].kind in INLINED:
            return
        with self.connect() as connection:
            connection.execute(f"drop table main.{node.name}")
        for day in partitions_of(node):
            self.seen.pop((node.name, day), None)

    def _run_a_part(self) -> None:
        """Some days of one model are rebuilt by name, over whatever its upstreams hold by now."""
        node = self.rng.choice(self.project.nodes)
        if not node.is_partitioned:
            return
        self.project.write(self.root)
        first, last = sorted(self.rng.sample(range(len(DAYS)), 2))
        partitions = (f"{DAYS[first]}..{DAYS[last]}",)
        request = PlanRequest(select=(node.name,), partitions=partitions)
        wanted = RunOptions(yes=True, allow_empty=True)
        result = run(self.options, request, None, wanted, None, lambda _event: None)
        assert result.exit_code in (0, 1), result.as_json()
        gc.collect()
        self.seen.clear()  # what a part saw of upstreams that are behind is not known here

    def _go_and_come_back(self) -> None:
        """One model is edited and rebuilt, none of its readers, and the edit is taken back."""
        before, node = self.project, self.rng.choice(self.project.nodes)
        if not node.is_partitioned:
            return
        self.project = before.with_node(replace(node, constant=node.constant % 5 + 1))
        self.project.write(self.root)
        request = PlanRequest(select=(node.name,), partitions=("all",))
        wanted = RunOptions(yes=True, allow_empty=True)
        result = run(self.options, request, None, wanted, None, lambda _event: None)
        assert result.exit_code == 0, result.as_json()
        gc.collect()
        found = self.expected()
        for day in partitions_of(node):
            changed = self.project.node(node.name)
            self.seen[node.name, day] = self.saw(found, changed, day)
        self.project = before

    def run(self) -> set[tuple[str, date]]:
        """The partitions that a run without -p built, those of whole tables left out."""
        self.project.write(self.root)
        built: set[tuple[str, date]] = set()
        partitionings = {}

        def note(event: Event) -> None:
            if isinstance(event, RunStarted):
                return
            if isinstance(event, ChunkFinished):
                partitioning = partitionings[event.model]
                if isinstance(partitioning, WholePartitioning):
                    return
                for ordinal in event.chunk.partitions.ordinals():
                    key = date.fromisoformat(partitioning.record_key(ordinal))
                    built.add((event.model, key))

        options = self.options
        planned = plan(options, PlanRequest())
        partitionings.update({n: m.partitioning for n, m in planned.models.items()})
        planned.prepared.workspace.loaded.adapter.close()
        result = run(options, None, None, RunOptions(yes=True, allow_empty=True), None, note)
        assert result.exit_code == 0, result.as_json()
        gc.collect()  # DuckDB keeps a file locked while a connection to it lives
        again = plan(options, PlanRequest())
        again.prepared.workspace.loaded.adapter.close()
        assert again.plan.steps == ()
        return built

    def expected(self) -> Expected:
        with self.connect() as connection:
            return expected(connection, self.project)

    def _stored_inputs(self, node: Node) -> set[str]:
        unstored = _unstored_above(self.project, node)
        return {name for each in (node.name, *unstored) for name in self.project.node(each).inputs}

    def is_known_too_little(self, node: Node, built: set[tuple[str, date]]) -> bool:
        """Whether it calls what nobody knows, and so reads all, or reads rows that such a call gave."""
        inlined = (node.name, *_unstored_above(self.project, node))
        if any(self.project.node(name).shape == "called" for name in inlined):
            return True
        return any(
            self.project.node(name).shape == "called"
            for name in self._stored_inputs(node)
            if name not in SOURCES and any(model == name for model, _ in built)
        )

    def body(self) -> str:
        """That of the function that some models call."""
        with self.connect() as connection:
            [(text,)] = connection.execute(
                "select macro_definition from duckdb_functions() where function_name = 'bent'"
            ).fetchall()
        return str(text)

    def stored(self, node: Node) -> Counter[tuple[object, ...]]:
        with self.connect() as connection:
            return Counter(connection.execute(f"select day, k, v from main.{node.name}").fetchall())

    def saw(self, found: Expected, node: Node, day: date) -> Seen:
        """What decides whether a partition has to be built again."""
        unstored = [self.project.node(name) for name in _unstored_above(self.project, node)]
        inlined = tuple(each.meaning for each in unstored)
        calls = any(each.shape == "called" for each in (node, *unstored))
        return (
            node.meaning,
            inlined,
            calls and self.body(),
            *found.seen_by(self.project, node, day),
        )


def _unstored_above(project: Project, node: Node) -> list[str]:
    """Views and ephemeral models that `node` reads, through one another."""
    found = []
    for name in node.inputs:
        upstream = next((n for n in project.nodes if n.name == name), None)
        if upstream is not None and SHAPES[upstream.shape].kind in INLINED:
            found += [name, *_unstored_above(project, upstream)]
    return found


@pytest.mark.parametrize("seed", range(16))
def test_a_run_without_partitions_makes_everything_right_and_nothing_twice(
    seed: int, tmp_path: Path
) -> None:
    backfill = Backfill(tmp_path, seed)
    for step in range(EDITS + 1):
        if step:
            backfill.edit()
        built = backfill.run()
        found = backfill.expected()
        for node in backfill.project.nodes:
            if SHAPES[node.shape].kind != "ephemeral":
                assert backfill.stored(node) == found.rows[node.name], (step, node)
            if not node.is_partitioned:
                continue
            for day in partitions_of(node):
                now, key = backfill.saw(found, node, day), (node.name, day)
                if key in built and not backfill.is_known_too_little(node, built):
                    assert backfill.seen.get(key) != now, f"{key} was as it is, at step {step}"
                backfill.seen[key] = now
