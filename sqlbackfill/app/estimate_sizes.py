"""How much of each input the chunks of a plan read: from zones, from EXPLAIN, or from what the plan itself builds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Final

from sqlbackfill.app.chunk_sql import ChunkRenderer
from sqlbackfill.app.estimate_rewrites import Rewrites
from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.source_stamps import local_files
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.partitions.bounds import Bound, BoundType
from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.estimate import Basis, Sized, weakest
from sqlbackfill.plan.estimate_zones import Amount, Filters, ZoneReads, times
from sqlbackfill.plan.types import Chunk, Plan, Spread, Step
from sqlbackfill.project.config import Materialization
from sqlbackfill.query.facts import OccurrenceRead
from sqlbackfill.warehouse.protocol import Column, Relation, Session
from sqlbackfill.warehouse.sizes import ZoneMap

_MOST_CHUNKS: Final = 48
_MOST_EXPLAINED: Final = 6
_COLUMN_BYTES: Final = 8
_NOT_BUILT: Final = (0.0, 0.5, 4.0)
"""Of a table that is not built yet, per row that its query reads: a filter or a GROUP BY leaves few
rows, a join may make several of one."""

Span = tuple[Bound | None, Bound | None]
ANY: Final[Span] = (None, None)


@dataclass(slots=True)
class Sizes:
    """Sizes of what the steps of one plan read, asked for in the order of its steps.

    `kept` has zone maps that stand in for the warehouse's. `most_relations` limits how many tables
    are looked at; of further ones nothing is known. `is_explained` allows to ask the engine about
    each step; with `is_told` it is asked what to tell people of the tables that are written.
    """

    prepared: Prepared
    plan: Plan
    session: Session | None
    kept: Mapping[str, ZoneMap] | None = None
    most_relations: int | None = None
    is_explained: bool = True
    is_told: bool = False
    _maps: dict[str, ZoneMap | None] = field(default_factory=dict)
    _reads: dict[tuple[str, frozenset[str]], ZoneReads] = field(default_factory=dict)
    _columns: dict[str, set[str] | None] = field(default_factory=dict)
    _planned: dict[str, PartitionSet] = field(default_factory=dict)
    _row_rates: dict[str, Spread] = field(default_factory=dict)
    _looked_up: int = 0
    _hard_coded: dict[str, bool] = field(default_factory=dict)
    _bounded: dict[str, set[str]] = field(default_factory=dict)
    _rewrites: Rewrites = field(init=False)

    def __post_init__(self) -> None:
        self._rewrites = Rewrites(self.prepared, self.session, self.kept)
        for step in self.plan.steps:
            before = self._planned.get(step.model, PartitionSet.empty())
            self._planned[step.model] = before | step.partitions
        for name in self._planned:
            self._note_columns(name)

    def of(self, step: Step) -> Sized:
        """What all queries of `step` read, and what replacing its partitions rewrites."""
        sized = self._explained(step) or self._zoned(step)
        if sized.amount is not None and step.partitions:
            rate = sized.amount.rows.likely / len(step.partitions)
            self._row_rates.setdefault(step.model, Spread(*(rate * part for part in _NOT_BUILT)))
            return self._with_rewrites(step, sized, sized.amount)
        return sized

    def _with_rewrites(self, step: Step, sized: Sized, amount: Amount) -> Sized:
        is_explained = self.is_explained and sized.basis is Basis.EXPLAIN
        chunks = _sample(step.chunks, _MOST_EXPLAINED if is_explained else _MOST_CHUNKS)
        found = self._rewrites.of(step, chunks, is_explained=is_explained)
        if found is None:
            return sized
        queries = len(step.chunks)
        found = found.times(queries / len(chunks))
        note = self._rewrites.note(step.model, found, queries) if self.is_told else ""
        return replace(sized, amount=amount + found, note=note)

    def _explained(self, step: Step) -> Sized | None:
        adapter = self._workspace.loaded.adapter
        if not (self.is_explained and adapter.explains and self.session is not None):
            return None
        tables = self.prepared.state.tables
        renderer = ChunkRenderer(self._workspace, lambda name: name in tables)
        together, chunks = Amount(), _sample(step.chunks, _MOST_EXPLAINED)
        for chunk in chunks:
            try:
                found = adapter.explain_scan(self.session, renderer(step.model, chunk).select)
            except SqlbackfillError:  # it reads a table that the plan is to build
                return None
            if found is None:
                return None
            rows = Spread(0, 0, 0) if found.rows is None else Spread(0, found.rows, found.rows)
            # The engine's figures are upper bounds, which what it learns while it runs may cut.
            size = found.scan_bytes
            together += Amount(Spread(size / 4, size, size), rows)
        amount = together.times(len(step.chunks) / len(chunks))
        return Sized(amount=amount, basis=Basis.EXPLAIN)

    def _zoned(self, step: Step) -> Sized:
        chunks = _sample(step.chunks, _MOST_CHUNKS)
        together: Amount | None = None
        bases = {Basis.STATISTICS}
        for chunk in chunks:
            found = self._chunk(step.model, chunk, bases)
            if found is None:
                return Sized(amount=None, basis=None)
            together = found if together is None else together + found
        amount = (together or Amount()).times(len(step.chunks) / max(len(chunks), 1))
        return Sized(amount=amount, basis=weakest(*bases))

    def _chunk(self, model: str, chunk: Chunk, bases: set[Basis]) -> Amount | None:
        """What one query reads; None where that of one input is not known."""
        partitioning = self._workspace.partitionings[model]
        span: Span = ANY
        # Lifted, the bounds are a column of the spine: no scan is bounded by them.
        is_lifted = self._workspace.facts[model].lifted is not None and chunk.end - chunk.start > 1
        if (
            not is_lifted
            and not isinstance(partitioning, WholePartitioning)
            and (partitioning.column_type is not BoundType.TEXT)
        ):
            span = partitioning.span_bounds(chunk.start, chunk.end)
        by_relation: dict[str, list[Amount]] = {}
        if self._names_tables_itself(model):
            return None
        for reader, occurrence, read in self._occurrences(model, span):
            amount = self._occurrence(reader, occurrence, read)
            if amount is None:
                return None
            if reader == model:
                more = self._to_be_built(model, occurrence.relation, chunk)
                if more is None:
                    return None
                if more.rows.high:
                    bases.add(Basis.PRIOR)
                    amount = amount + more if amount.rows.high else more
            by_relation.setdefault(occurrence.relation, []).append(amount)
        tables = [_same_table(amounts) for amounts in by_relation.values()]
        return reduce(add, tables) if tables else Amount()

    def _occurrences(
        self, model: str, span: Span, depth: int = 0
    ) -> Iterator[tuple[str, OccurrenceRead, Span]]:
        """Each place where a table is read, views seen through: by which model, for what span of it."""
        facts = self._workspace.facts.get(model)
        if facts is None:
            return
        for occurrence in facts.occurrences:
            if self._is_view(occurrence.relation) and depth < _MOST_CHUNKS:
                sure, _ = self._filters(model, occurrence, span)
                of_view = self._span_of_view(occurrence.relation, sure)
                yield from self._occurrences(occurrence.relation, of_view, depth + 1)
            else:
                yield model, occurrence, span

    def _names_tables_itself(self, model: str) -> bool:
        """Whether it, or a view that it reads, reads tables that only its SQL knows."""
        if model not in self._hard_coded:
            facts = self._workspace.facts.get(model)
            self._hard_coded[model] = facts is None or bool(facts.hard_coded)
            if facts is not None and not facts.hard_coded:
                views = {o.relation for o in facts.occurrences if self._is_view(o.relation)}
                self._hard_coded[model] = any(map(self._names_tables_itself, sorted(views)))
        return self._hard_coded[model]

    def _filters(
        self, model: str, occurrence: OccurrenceRead, span: Span
    ) -> tuple[Filters, Filters]:
        """The filters that are certainly on the scan, and those that probably are."""
        workspace = self._workspace
        if span == ANY:
            return {}, {}
        facts, render = workspace.facts[model], workspace.renders[model]
        injected = {
            one.column.lower(): one.window.evaluate(*span)
            for one in occurrence.ranges
            if one.type is not BoundType.TEXT
        }
        if not render.uses_bounds or facts.author_bounds_hold or occurrence.relation == model:
            return injected, injected
        # Beside bounds of the author's own that are not proven nothing is injected: they bound the scan.
        return {}, injected

    def _span_of_view(self, view: str, filters: Filters) -> Span:
        column = self._workspace.models[view].partition_column
        found = filters.get((column or "").lower(), Interval())
        if found.nulls or isinstance(self._workspace.partitionings[view], WholePartitioning):
            return ANY
        return found.lo, found.hi

    def _occurrence(self, reader: str, occurrence: OccurrenceRead, span: Span) -> Amount | None:
        relation = occurrence.relation
        zone_map = self._map(relation)
        if zone_map is None:
            is_absent = relation in self._planned and relation not in self.prepared.state.tables
            return Amount() if is_absent or relation == reader else None
        names = self._used(reader, occurrence)
        key = relation, names
        reads = self._reads.get(key)
        if reads is None:
            reads = self._reads[key] = ZoneReads(zone_map, names)
        sure, probable = self._filters(reader, occurrence, span)
        if sure == probable:
            return reads.amount(sure)
        wide, narrow = reads.amount(sure), reads.amount(probable)
        return Amount(
            _up_to(narrow.scan_bytes, wide.scan_bytes.high), _up_to(narrow.rows, wide.rows.high)
        )

    def _used(self, reader: str, occurrence: OccurrenceRead) -> frozenset[str]:
        facts = self._workspace.facts[reader]
        used = dict(facts.input_columns).get(occurrence.relation)
        if used is None:
            used = tuple(column.name for column in self._schema(occurrence.relation))
        bounded = (one.column.lower() for one in occurrence.ranges)
        return frozenset((*(name.lower() for name in used), *bounded))

    def _to_be_built(self, model: str, upstream: str, chunk: Chunk) -> Amount | None:
        """What `chunk` reads of partitions that are not there before the plan has built them."""
        planned = self._planned.get(upstream)
        is_kept = self.kept is not None and upstream in self.kept
        if planned is None or upstream == model or is_kept:
            return Amount()
        present = self.prepared.candidates[upstream].state.present
        window = self.prepared.reads.upstream_of(model, upstream, chunk.partitions)
        missing = len((window & planned) - present)
        if not missing:
            return Amount()
        rate = self._row_rate(upstream)
        if rate is None:
            return None
        return Amount(times(rate, missing * self._width(model, upstream)), times(rate, missing))

    def _width(self, model: str, upstream: str) -> float:
        """Bytes of a row of `upstream` in the columns that `model` uses: of rows that stand already, else a guess."""
        used = dict(self._workspace.facts[model].input_columns).get(upstream)
        zone_map = self._map(upstream)
        if zone_map is None or not zone_map.rows:
            return _COLUMN_BYTES * (
                len(used) if used is not None else _wide(self._workspace, upstream)
            )
        wanted = None if used is None else {column.lower() for column in used}
        stored = sum(
            size
            for zone in zone_map.zones
            for name, size in zone.column_bytes.items()
            if wanted is None or name.lower() in wanted
        )
        return stored / zone_map.rows

    def _row_rate(self, upstream: str) -> Spread | None:
        """Rows of one partition of a model that the plan builds, by what stands already or by its inputs."""
        zone_map = self._map(upstream)
        present = len(self.prepared.candidates[upstream].state.present)
        if zone_map is not None and zone_map.rows and present:
            rate, off = zone_map.rows / present, 2 if self._has_code_of_today(upstream) else 4
            return Spread(rate / off, rate, rate * off)
        return self._row_rates.get(upstream)

    def _has_code_of_today(self, model: str) -> bool:
        """Whether what stands of its table was written by the code that the plan runs."""
        records = self.prepared.state.tracked[model].records
        fingerprint = self.prepared.candidates[model].fingerprint
        return bool(records) and all(record.fingerprint == fingerprint for record in records)

    def _map(self, relation: str) -> ZoneMap | None:
        if relation not in self._maps:
            self._maps[relation] = self._look_up(relation)
        return self._maps[relation]

    def _look_up(self, relation: str) -> ZoneMap | None:
        if self.kept is not None and relation in self.kept:
            return self.kept[relation]
        source = self._physical(relation)
        is_full = self.most_relations is not None and self._looked_up >= self.most_relations
        if source is None or self.session is None or is_full:
            return None
        self._looked_up += 1
        wanted = self._columns.get(relation)
        columns = [
            column
            for column in self._schema(relation)
            if wanted is None or column.name.lower() in wanted
        ]
        with contextlib.suppress(SqlbackfillError, OSError):
            return self._workspace.loaded.adapter.zones(
                self.session, source, columns, bounded=self._bounded.get(relation, set())
            )
        return None

    def _physical(self, relation: str) -> Relation | Sequence[str] | None:
        """The table or the files behind a name; None where neither is there."""
        source = self._workspace.loaded.project.sources.get(relation)
        if source is None:
            table = self.prepared.state.tables.get(relation)
            return table.relation if table is not None else None
        found = source_relation(source, self._workspace.loaded.project.root)
        if isinstance(found, Relation):
            return found
        files = local_files(found)
        return [str(file) for file in files] if files else None

    def _schema(self, relation: str) -> Sequence[Column]:
        schema = self._workspace.schemas.get(relation)
        if schema is not None:
            return schema.columns or ()
        if self.kept is not None and relation in self.kept and self.kept[relation].zones:
            return [Column(name, "") for name in self.kept[relation].zones[0].column_bytes]
        table = self.prepared.state.tables.get(relation)
        return table.columns if table is not None else ()

    def _note_columns(self, name: str) -> None:
        """Collects which columns of each relation any step needs, views seen through."""
        facts = self._workspace.facts.get(name)
        if facts is None:
            return
        used = dict(facts.input_columns)
        for occurrence in facts.occurrences:
            relation = occurrence.relation
            if self._is_view(relation) and relation not in self._columns:
                self._columns[relation] = None
                self._note_columns(relation)
            ranges = {one.column.lower() for one in occurrence.ranges}
            self._bounded.setdefault(relation, set()).update(ranges)
            columns = used.get(relation)
            known = self._columns.setdefault(relation, set())
            if columns is None or known is None:
                self._columns[relation] = None
            else:
                known.update(column.lower() for column in columns)
                known.update(ranges)

    def _is_view(self, name: str) -> bool:
        model = self._workspace.models.get(name)
        return model is not None and model.config.materialized is Materialization.VIEW

    @property
    def _workspace(self) -> Workspace:
        return self.prepared.workspace


def _same_table(amounts: Sequence[Amount]) -> Amount:
    """What a query reads that names one table several times: once if the engine keeps it, else each time."""
    if len(amounts) == 1:
        return amounts[0]
    each = [amount.scan_bytes for amount in amounts]
    rows = [amount.rows for amount in amounts]
    return Amount(_once_to_all(each), _once_to_all(rows))


def _once_to_all(spreads: Sequence[Spread]) -> Spread:
    return Spread(
        max(spread.low for spread in spreads),
        max(spread.likely for spread in spreads),
        sum(spread.high for spread in spreads),
    )


def _up_to(spread: Spread, high: float) -> Spread:
    return Spread(spread.low, spread.likely, max(spread.high, high))


def _wide(workspace: Workspace, model: str) -> int:
    facts = workspace.facts.get(model)
    return max(len(facts.columns), 1) if facts else 1


def _sample(chunks: Sequence[Chunk], most: int) -> Sequence[Chunk]:
    """At most `most` of the chunks, evenly spaced, first and last included."""
    if len(chunks) <= most:
        return chunks
    return [chunks[at * (len(chunks) - 1) // (most - 1)] for at in range(most)]
