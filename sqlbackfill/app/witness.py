"""A witness: a few made-up rows for which cutting a model naively gives other rows than not cutting it.

Found by a random search on a database in memory, and shrunk. It can show that a cut is wrong, never
that one is right.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

from sqlbackfill.app.analysis import analysis_request
from sqlbackfill.app.input_refs import input_refs
from sqlbackfill.app.template_inputs import ProjectLookup, template_input
from sqlbackfill.app.trial_tables import Row, TrialTables, as_multiset, trial_session
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import WarehouseError
from sqlbackfill.partitions.bounds import Bound, print_bound
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.partitioning import Partitioning
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.query.facts import AnalysisRequest, QueryFacts, Verdict
from sqlbackfill.query.splice import with_bounds
from sqlbackfill.run.literals import literal, partitions_predicate, text_literal

MOST_ROWS: Final = 4
_TRIES: Final = 400
_PARTITIONS: Final = 2

Rows = Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessTable:
    """The rows of one input, or of one way of running; values as text, None for NULL."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Rows of the inputs and what each way of running makes of them; or why there are none."""

    label: str = ""
    inputs: tuple[WitnessTable, ...] = ()
    results: tuple[WitnessTable, ...] = ()
    because: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the `explain` document holds it."""
        return {
            "partitions": self.label or None,
            "inputs": [_table_json(table, "relation") for table in self.inputs],
            "results": [_table_json(table, "way") for table in self.results],
            "because": self.because or None,
        }


def witness_of(workspace: Workspace, name: str) -> Witness:
    """A witness against cutting the model naively, or the reason why none is shown. Never raises
    for what the engine cannot run.
    """
    facts, partitioning = workspace.facts[name], workspace.partitionings.get(name)
    if partitioning is None or isinstance(partitioning, WholePartitioning):
        return Witness(because="the model is not partitioned, so it is never cut")
    refused = _not_sought(facts)
    if refused is not None:
        return Witness(because=refused)
    request = _request(workspace, name)
    if request.bounds_in_control_flow:
        return Witness(because="its template computes with the bounds, and other SQL may come out")
    inputs = {m: ref for m, ref in request.occurrences.items() if m in request.sql}
    if request.dialect != "duckdb" or any(ref.columns is None for ref in inputs.values()):
        return Witness(because="the columns of its inputs are not known, or it is not DuckDB's SQL")
    try:
        with trial_session() as session:
            tables = TrialTables(session, inputs, facts.occurrences)
            tables.create()
            return _Search(facts, request, partitioning, tables).run()
    except WarehouseError as error:
        return Witness(
            because=f"its query does not run on made-up rows: {error.diagnostics[0].message}"
        )


def _not_sought(facts: QueryFacts) -> str | None:
    if facts.reads_itself:
        return "the model reads its own table, so its partitions are built one by one in any case"
    if facts.is_volatile:
        return "two runs of the model may differ by chance, which a few rows cannot tell apart"
    if facts.verdict is Verdict.PROVEN:
        return "the model is proven separable: no rows can show otherwise"
    return None


def _request(workspace: Workspace, name: str) -> AnalysisRequest:
    loaded, model = workspace.loaded, workspace.models[name]
    lookup = ProjectLookup(loaded, workspace.models)
    inputs = input_refs(
        loaded,
        workspace.models,
        model,
        workspace.renders,
        workspace.facts,
        workspace.partitionings,
        workspace.schemas,
    )
    rendered = loaded.templates.analyse(template_input(loaded, model), lookup)
    return analysis_request(loaded, model, inputs, rendered)


@dataclass(slots=True)
class _Search:
    facts: QueryFacts
    request: AnalysisRequest
    partitioning: Partitioning
    tables: TrialTables
    _apart: list[str] = field(default_factory=list)
    _together: str = ""
    _starts: tuple[Bound, ...] = ()

    def run(self) -> Witness:
        """The first rows that tell the two ways apart, shrunk."""
        first = self._first()
        wanted = PartitionSet.span(first, first + _PARTITIONS)
        if not self._prepare(wanted):
            return Witness(because="nothing that it reads can be cut by the model's partitions")
        dice = random.Random(self.request.sql)  # noqa: S311 # not for secrets: the same rows each time
        self._starts = tuple(self.partitioning.bounds(o)[0] for o in wanted.ordinals())
        for _ in range(_TRIES):
            rows = self.tables.random_rows(dice, self._starts, MOST_ROWS)
            if self._differ(rows):
                return self._shown(self._shrunk(rows), wanted)
        return Witness(because=f"{_TRIES} small databases gave the same rows both ways")

    def _first(self) -> int:
        begin, end = self.partitioning.universe
        if begin is not None:
            return begin
        return end - _PARTITIONS if end is not None else 0

    def _prepare(self, wanted: PartitionSet) -> bool:
        """Writes the queries; whether they differ at all."""
        for ordinal in wanted.ordinals():
            single = PartitionSet.single(ordinal)
            query = self._query(single, self._cut(single))
            if query is None:
                return False
            self._apart.append(query)
        together = self._query(wanted, {})
        self._together = together or ""
        is_cut = self.facts.author_bounds_hold is False or bool(self._cut(wanted))
        return together is not None and is_cut

    def _query(self, partitions: PartitionSet, conditions: Mapping[str, str]) -> str | None:
        kind = self.partitioning.column_type
        bounds = self.partitioning.span_bounds(partitions.first, partitions.last + 1)
        start, end = (print_bound(bound, kind) for bound in bounds)
        sql = with_bounds(self.request.sql, start, end).rstrip().rstrip(";")
        query = self.tables.query(sql, conditions)
        info = self.request.partition
        if query is None or info is None:
            return None
        names = (c.name for c in self.facts.columns if c.name.lower() == info.column.lower())
        column = _quoted(next(names, info.column))
        own = partitions_predicate(column, self.partitioning, partitions, "duckdb")
        return f"SELECT * FROM (\n{query}\n) AS trial WHERE {own} ORDER BY ALL"

    def _cut(self, partitions: PartitionSet) -> dict[str, str]:
        """What each input is limited to where a query reads nothing but its own partitions.

        An input whose window is known and closed keeps that window.
        """
        if self.facts.author_bounds_hold is False:
            return {}
        found = {}
        start, end = self.partitioning.span_bounds(partitions.first, partitions.last + 1)
        for one in self.facts.occurrences:
            marker = f"__sb_occurrence_{one.index}__"
            if marker not in self.tables.inputs:
                continue
            windows = [(r, r.window.evaluate(start, end)) for r in one.ranges]
            closed = [(r, i) for r, i in windows if i.lo is not None and i.hi is not None]
            if closed:
                injected, interval = closed[0]
                found[marker] = self._between(
                    injected.column, (interval.lo, interval.hi), injected.type
                )
                continue
            own = self.tables.inputs[marker].partition
            if own is not None and own.column_type is self.partitioning.column_type:
                found[marker] = self._between(own.column, (start, end), own.column_type)
        return found

    @staticmethod
    def _between(column: str, bounds: tuple[Any, Any], kind: Any) -> str:
        low, high = (literal(bound, kind, "duckdb") for bound in bounds)
        return f"{_quoted(column)} >= {low} AND {_quoted(column)} < {high}"

    def _differ(self, rows: Rows) -> bool:
        self.tables.fill(rows)
        try:
            apart = [row for sql in self._apart for row in self.tables.session.execute(sql)]
            return as_multiset(apart) != as_multiset(self.tables.session.execute(self._together))
        except WarehouseError:
            return False

    def _shrunk(self, rows: Rows) -> Rows:
        """Fewer rows and simpler values that still tell the two ways apart."""
        for relation in list(rows):
            at = 0
            while at < len(rows[relation]):
                fewer = (*rows[relation][:at], *rows[relation][at + 1 :])
                if self._differ({**rows, relation: fewer}):
                    rows = {**rows, relation: fewer}
                else:
                    at += 1
        for relation, columns in self.tables.relations().items():
            for at, (name, type_) in enumerate(columns):
                rows = self._simpler(rows, relation, at, (name, type_))
        self._differ(rows)
        return rows

    def _simpler(self, rows: Rows, relation: str, at: int, column: tuple[str, str]) -> Rows:
        options = self._simple_values(column[1]) if self._is_used(relation, column[0]) else ["NULL"]
        for row in range(len(rows[relation])):
            for value in options:
                cell = f"CAST({value} AS {column[1]})"
                if rows[relation][row][at] == cell:
                    break
                changed = list(rows[relation])
                changed[row] = (*changed[row][:at], cell, *changed[row][at + 1 :])
                tried = {**rows, relation: tuple(changed)}
                if self._differ(tried):
                    rows = tried
                    break
        return rows

    def _simple_values(self, type_: str) -> list[str]:
        """The values that read best: the starts of the partitions, the first letter."""
        word = type_.upper().split("(")[0].strip()
        if word == "VARCHAR":
            return ["'a'"]
        if word == "DATE" or word.startswith("TIMESTAMP"):
            return [text_literal(str(start), "duckdb") for start in self._starts]
        return []

    def _is_used(self, relation: str, column: str) -> bool:
        return any(
            (source, name.lower()) == (relation, column.lower())
            for output in self.facts.columns
            for source, name in output.sources
        )

    def _shown(self, rows: Rows, wanted: PartitionSet) -> Witness:
        session = self.tables.session
        names = tuple(column.name for column in session.describe(self._together))
        apart = [row for sql in self._apart for row in session.execute(sql)]
        together = session.execute(self._together)
        label = self.partitioning.label_set(wanted)
        cut = "one query per partition, each reading its own partition only"
        if self.facts.author_bounds_hold is False:
            cut = "one query per partition"
        return Witness(
            label=label,
            inputs=tuple(self._input(relation) for relation in rows),
            results=(
                WitnessTable(name=cut, columns=names, rows=_texts(apart)),
                WitnessTable(name="one query over the range", columns=names, rows=_texts(together)),
            ),
        )

    def _input(self, relation: str) -> WitnessTable:
        rows = _texts(self.tables.rows(relation))
        columns = [name for name, _ in self.tables.relations()[relation]]
        kept = [
            at
            for at, name in enumerate(columns)
            if self._is_used(relation, name) or any(row[at] is not None for row in rows)
        ] or [0]
        return WitnessTable(
            name=relation,
            columns=tuple(columns[at] for at in kept),
            rows=tuple(tuple(row[at] for at in kept) for row in rows),
        )


def _texts(rows: list[tuple[Any, ...]]) -> tuple[tuple[str | None, ...], ...]:
    return tuple(tuple(None if v is None else str(v) for v in row) for row in rows)


def _table_json(table: WitnessTable, key: str) -> dict[str, Any]:
    return {key: table.name, "columns": list(table.columns), "rows": [list(r) for r in table.rows]}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
