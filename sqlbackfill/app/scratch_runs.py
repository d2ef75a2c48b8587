"""Runs a model's chunks into temporary tables of one session, beside the project's own tables.

Nothing that others can see is written: it works on a database that is open for reading only.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlbackfill.app.chunk_sql import ChunkRenderer
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.types import Chunk
from sqlbackfill.query.facts import OccurrenceRead
from sqlbackfill.run.inputs import ChunkSql
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.run.position import placed_in
from sqlbackfill.template.types import ExternalRelation
from sqlbackfill.warehouse.protocol import Column, Session

_NAME = "sqlbackfill_verify"


@dataclass(frozen=True, slots=True)
class ScratchTable:
    """What one way of running gave: the SQL name of its table, and what it took."""

    table: str
    columns: tuple[Column, ...]
    rows: int
    queries: int
    seconds: float


@dataclass(slots=True)
class ScratchRuns:
    """Runs the model `name` over and over; each run has a table of its own.

    A model that reads itself reads a copy of its table without `partitions`, to which each chunk is
    added once it is computed.
    """

    workspace: Workspace
    session: Session
    name: str
    partitions: PartitionSet
    _made: int = 0

    def run(self, chunks: Sequence[Chunk], *, injected: bool = True) -> ScratchTable:
        """The rows of `chunks`, computed in this order; without `injected` inputs are read whole.

        Only rows of `partitions` are kept, so chunks may bridge gaps. Raises ProjectError for what
        does not render, WarehouseError at the user's own line for what does not run.
        """
        workspace = self.workspace if injected else uninjected(self.workspace, self.name)
        started, own = time.monotonic(), None
        self._made += 1
        result = self._temporary(f"{_NAME}_{self._made}")
        if workspace.facts[self.name].reads_itself:
            own = self._own_copy(workspace, chunks[0])
        renderer = self._renderer(workspace, own)
        for number, chunk in enumerate(chunks):
            sql = renderer(self.name, chunk)
            if own is None:
                head = f"INSERT INTO {result}" if number else f"CREATE TEMPORARY TABLE {result} AS"
                self._execute(head, sql)
                continue
            part = self._temporary(f"{_NAME}_part")
            self._execute(f"CREATE OR REPLACE TEMPORARY TABLE {part} AS", sql)
            target = f"INSERT INTO {result}" if number else f"CREATE TEMPORARY TABLE {result} AS"
            self.session.execute(f"{target} SELECT * FROM {part}")
            self.session.execute(f"INSERT INTO {own} BY NAME SELECT * FROM {part}")
        seconds = time.monotonic() - started
        [(rows,)] = self.session.execute(f"SELECT COUNT(*) FROM {result}")
        columns = self.session.describe(f"SELECT * FROM {result}")
        return ScratchTable(result, columns, rows, len(chunks), seconds)

    def _execute(self, head: str, sql: ChunkSql) -> None:
        guard = self._is_in(self._partition_column())
        with placed_in(sql, 1 + sql.guard_lines):
            self.session.execute(f"{head} SELECT * FROM (\n{sql.select}\n) WHERE {guard}")

    def _own_copy(self, workspace: Workspace, first: Chunk) -> str:
        copy = self._temporary(f"{_NAME}_own_{self._made}")
        relation = workspace.models[self.name].relation
        if self.session.table(relation) is None:
            sql = self._renderer(workspace, None)(self.name, first)
            with placed_in(sql, 1 + sql.guard_lines):
                self.session.execute(
                    f"CREATE TEMPORARY TABLE {copy} AS SELECT * FROM (\n{sql.select}\n) LIMIT 0"
                )
            return copy
        others = f"({self._is_in(self._partition_column())}) IS NOT TRUE"
        table = workspace.loaded.adapter.quote(relation)
        self.session.execute(
            f"CREATE TEMPORARY TABLE {copy} AS SELECT * FROM {table} WHERE {others}"
        )
        return copy

    def _renderer(self, workspace: Workspace, own: str | None) -> ChunkRenderer:
        identifier = workspace.models[self.name].relation.identifier
        stand_ins = {} if own is None else {self.name: ExternalRelation(own, identifier)}
        return ChunkRenderer(workspace, lambda _: False, stand_ins)

    def _temporary(self, name: str) -> str:
        return f"temp.{self.workspace.loaded.adapter.quote_name(name)}"

    def _partition_column(self) -> str:
        return str(self.workspace.models[self.name].partition_column)

    def _is_in(self, column: str) -> str:
        adapter = self.workspace.loaded.adapter
        return partitions_predicate(
            adapter.quote_name(column),
            self.workspace.partitionings[self.name],
            self.partitions,
            adapter.dialect,
        )


def uninjected(workspace: Workspace, name: str) -> Workspace:
    """The workspace with no predicates put onto what `name` reads.

    Its own table stays bounded to its past: that belongs to what the model means.
    """
    facts = workspace.facts[name]
    occurrences = tuple(_uninjected(one, name) for one in facts.occurrences)
    changed = {**workspace.facts, name: replace(facts, occurrences=occurrences)}
    return replace(workspace, facts=changed)


def _uninjected(one: OccurrenceRead, name: str) -> OccurrenceRead:
    if one.relation != name:
        return replace(one, ranges=())
    past = tuple(
        replace(
            injected,
            window=ReadWindow(
                upper=ReadWindow.identity(injected.type).lower, column_type=injected.type
            ),
        )
        for injected in one.ranges[:1]
    )
    return replace(one, ranges=past)
