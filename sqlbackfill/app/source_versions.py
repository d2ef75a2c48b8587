"""Versions of sources: what a chunk records of them, and what has changed since it was recorded.

Two levels: a cheap version of the whole (a file's stamp, an engine's own account), and digests by
partition, read again only where the cheap one does not prove that nothing changed, and only of the
recorded windows.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from sqlbackfill.app.known_digests import KnownDigests
from sqlbackfill.app.options import OnReading, tell_nobody
from sqlbackfill.app.source_readings import (
    WHOLE,
    ColumnNames,
    Compared,
    SourceReadings,
    text_of,
)
from sqlbackfill.app.source_stamps import file_stamp, local_files, raw_stamp
from sqlbackfill.app.source_windows import SourceWindow, source_window, whole_window
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.ledger.digests import Digest
from sqlbackfill.ledger.records import ALL_COLUMNS, InputMark, Island, SourceRead
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.types import Chunk
from sqlbackfill.plan.versions import InputEdge
from sqlbackfill.project.config import Freshness
from sqlbackfill.project.source import Source
from sqlbackfill.run.source_blocks import SourceBlocks
from sqlbackfill.run.source_cover import EVERYTHING, Cover, Span
from sqlbackfill.run.source_digests import SourceDigests
from sqlbackfill.run.source_reads import SourceScan
from sqlbackfill.warehouse.protocol import Column, DigestSql, Relation, Session

NEVER_CHANGES = "off"
_BLOCK, _SMALL = 64, 16
Records = Callable[[str, PartitionSet], Sequence[tuple[Island, Mapping[str, SourceRead]]]]
"""Of a model, the records that stand in some partitions, each with what it read of sources."""

Recorded = Sequence[tuple[Span, str]]
"""Spans as the source is numbered now, each with the digest that was recorded."""


@dataclass(slots=True)
class ProjectSources:
    """The sources of a workspace, as they stand now. Keys are `source.table` and model names.

    Cheap versions are taken once, at the first question, and so are digests of what was asked for.
    `on_reading` is told before a source is read. `session` and `records` are needed to judge what was
    recorded, not to record; `known` is what commands before digested, of use while nothing is written.
    `planned` are the partitions that a run is to build: what small chunks of it read is digested for
    some of them together.
    """

    workspace: Workspace
    reads: Reads
    inputs: Mapping[str, Sequence[InputEdge]]
    session: Session | None = None
    records: Records = lambda _model, _partitions: ()
    on_reading: OnReading = tell_nobody
    known: KnownDigests | None = None
    planned: Mapping[str, PartitionSet] = field(default_factory=dict)
    _marks: dict[str, str] = field(default_factory=dict)
    _table_marks: Mapping[Relation, str] | None = None
    _shared: SourceBlocks = field(default_factory=SourceBlocks)
    _blocks: dict[tuple[str, str, int], Span | None] = field(default_factory=dict)
    _windows: dict[tuple[str, str], SourceWindow] = field(default_factory=dict)
    _readings: dict[str, SourceReadings] = field(default_factory=dict)
    _expected: tuple[tuple[str, InputEdge, Sequence[Island]], ...] = ()

    def mark(self, source: str) -> str:
        """The cheap version of `source` now; empty where it is not known."""
        if source not in self._marks:
            self._marks[source] = self._cheap(source)
        return self._marks[source]

    def scans(self, model: str, chunk: Chunk) -> tuple[SourceScan, ...]:
        """What is digested when `chunk` of `model` is built."""
        found = []
        for name in self._sources_of(model):
            source = self._source(name)
            if source is None or source.freshness is Freshness.OFF:
                continue
            window = self._window(model, name)
            spans = window.spans(chunk.partitions)
            scan = self._scan(model, window, source, spans, window.reads_unplaced)
            found.append(
                replace(scan, block=self._block(model, window, chunk), blocks=self._shared)
            )
        return tuple(found)

    def _block(self, model: str, window: SourceWindow, chunk: Chunk) -> Span | None:
        """What the chunks of the run around a small one read; None where it is big, or alone."""
        start = chunk.start // _BLOCK * _BLOCK
        key = (model, window.source, start)
        if chunk.end - chunk.start > _SMALL or chunk.end > start + _BLOCK:
            return None
        if key not in self._blocks:
            around = self.planned.get(model, PartitionSet.empty())
            around &= PartitionSet.span(start, start + _BLOCK)
            parts = [PartitionSet.span(*each) for each in around.ranges]
            spans = [span for part in parts for span in window.spans(part)]
            is_shared = len(around) > len(chunk.partitions) and not chunk.partitions - around
            together = Cover.of(spans, unplaced=False)
            self._blocks[key] = together.hull if spans and is_shared else None
        return self._blocks[key]

    def stale(
        self, model: str, edge: InputEdge, recorded: InputMark, group: PartitionSet
    ) -> tuple[PartitionSet, PartitionSet]:
        """Of `group` the partitions that read what has changed, and the source's that did, if known.

        What cannot be compared counts as changed.
        """
        source, mark = self._source(edge.name), self.mark(edge.name)
        if mark and mark in (recorded.mark, NEVER_CHANGES):
            return PartitionSet.empty(), PartitionSet.empty()
        if source is None or source.freshness is Freshness.VERSION:
            return group, PartitionSet.empty()
        window = self._window(model, edge.name)
        stale, changed = PartitionSet.empty(), PartitionSet.empty()
        for island, reads in self.records(model, group):
            partitions = island.partitions & group
            spans = self._changed_spans(model, window, source, reads.get(edge.name))
            if spans is None:
                stale |= partitions
                continue
            stale |= window.touching(spans, partitions)
            changed |= window.changed(spans) if not window.is_whole else PartitionSet.empty()
        return stale, changed

    def expect(
        self,
        records: Mapping[str, Sequence[Island]],
        inputs: Mapping[str, Sequence[InputEdge]],
    ) -> None:
        """Notes the records that are going to be judged, by model, along these `inputs`.

        A source that has to be read is read once for all of them.
        """
        self._expected = tuple(
            (model, edge, islands)
            for model, islands in records.items()
            for edge in inputs[model]
            if edge.is_source and islands
        )

    def _changed_spans(
        self, model: str, window: SourceWindow, source: Source, read: SourceRead | None
    ) -> list[Span] | None:
        """The recorded spans whose digest is another now; None where they cannot be compared."""
        recorded = _comparable(window, read)
        if read is None or not recorded:
            return None if recorded is None else []
        now = self._now(model, window, source, recorded)
        if now is None:
            return None
        spans = [span for span, _ in recorded]
        if read.unplaced is not None and read.unplaced != str(now.unplaced(spans)):
            return [EVERYTHING]
        return [span for span, then in recorded if Digest.read(then) != now.of(span)]

    def _now(
        self, model: str, window: SourceWindow, source: Source, recorded: Recorded
    ) -> SourceDigests | None:
        asked = self._compared(model, window, source, recorded)
        if asked is None or self.session is None:
            return None
        readings = self._readings.get(source.name)
        if readings is None:
            relation = source_relation(source, self.workspace.loaded.project.root)
            adapter = self.workspace.loaded.adapter
            readings = self._readings[source.name] = SourceReadings(
                adapter, relation, partial(self._tell, source), self.known
            )
        return readings.of(asked, partial(self._compared_too, source), self.session)

    def _compared(
        self, model: str, window: SourceWindow, source: Source, recorded: Recorded
    ) -> Compared | None:
        """What `model` compares of `source` with what it recorded; None where no digest is wanted."""
        sql = self._digest_sql(model, source)
        if sql is None:
            return None
        columns = self._columns(model, source.name)
        used = None
        if columns is not None:
            used = frozenset(name.lower() for name in (*columns, window.column or ""))
        column = window.column
        cover = Cover.of([span for span, _ in recorded], unplaced=window.reads_unplaced)
        return Compared(
            numbering=window.numbering,
            column=self.workspace.loaded.adapter.quote_name(column) if column else None,
            partitioning=window.partitioning,
            cover=WHOLE if window.partitioning.column_type is BoundType.TEXT else cover,
            columns=used,
            sql=sql,
        )

    def _compared_too(self, source: Source) -> Iterator[Compared]:
        """What all who are going to be judged compare of `source`."""
        mark = self.mark(source.name)
        for model, edge, islands in self._expected:
            if edge.name != source.name:
                continue
            wanted = PartitionSet.of(
                (island.start, island.end)
                for island in islands
                if (recorded := island.inputs.get(edge.name)) is not None
                and recorded.window in (edge.window, ALL_COLUMNS)
                and not (mark and recorded.mark == mark)
            )
            window = self._window(model, source.name)
            found: list[tuple[Span, str]] = []
            for _, reads in self.records(model, wanted) if wanted else ():
                found.extend(_comparable(window, reads.get(source.name)) or ())
            if found and (compared := self._compared(model, window, source, found)):
                yield compared

    def _tell(self, source: Source, used: ColumnNames) -> None:
        relation = source_relation(source, self.workspace.loaded.project.root)
        files = local_files(relation)
        schema = self.workspace.schemas[source.name]
        wanted = [c for c in schema.columns or () if used is None or c.name.lower() in used]
        what = relation if isinstance(relation, Relation) else [str(file) for file in files or ()]
        scan_bytes = None
        # What is said before the work must not end it: reading says what is wrong.
        with contextlib.suppress(SqlbackfillError, OSError):
            if what and self.session is not None:
                scan_bytes = self.workspace.loaded.adapter.scan_bytes(self.session, what, wanted)
        self.on_reading(source.name, scan_bytes)

    def _scan(
        self,
        model: str,
        window: SourceWindow,
        source: Source,
        spans: tuple[Span, ...],
        includes_unplaced: bool,
    ) -> SourceScan:
        adapter = self.workspace.loaded.adapter
        relation = source_relation(source, self.workspace.loaded.project.root)
        return SourceScan(
            name=source.name,
            relation=text_of(relation, adapter),
            column=adapter.quote_name(window.column) if window.column else None,
            partitioning=window.partitioning,
            spans=spans,
            includes_unplaced=includes_unplaced,
            sql=self._digest_sql(model, source),
            stamp=lambda: raw_stamp(local_files(relation) or ()),
            version=lambda: self._cheap(source.name),
            table=relation if isinstance(relation, Relation) else None,
        )

    def _digest_sql(self, model: str, source: Source) -> DigestSql | None:
        """The aggregates over the columns that `model` uses; None where no digest is wanted."""
        if source.freshness is not Freshness.DIGEST:
            return None
        columns = self._columns(model, source.name)
        schema = self.workspace.schemas.get(source.name)
        known = schema.columns if schema else None
        if known is None:
            return None
        by_name: dict[str, Column] = {column.name.lower(): column for column in known}
        names = sorted(by_name) if columns is None else [name.lower() for name in columns]
        if any(name not in by_name for name in names):
            return None
        # Of a source of which no column is used (count(*)), the rows still count.
        return self.workspace.loaded.adapter.digest_sql(
            [by_name[name] for name in names], exact_floats=True
        )

    def _columns(self, model: str, source: str) -> tuple[str, ...] | None:
        if self._is_through_view(model, source):
            return None
        return self.workspace.columns_of(model, source)

    def _is_through_view(self, model: str, source: str) -> bool:
        """Whether a view may hand any row on, however little the model itself reads."""
        return any(edge.name == source and edge.through_view for edge in self.inputs[model])

    def _sources_of(self, model: str) -> list[str]:
        return [edge.name for edge in self.inputs[model] if edge.is_source]

    def _source(self, name: str) -> Source | None:
        return self.workspace.source(name)

    def _window(self, model: str, name: str) -> SourceWindow:
        found = self._windows.get((model, name))
        if found is None:
            source = self.workspace.source(name)
            if source is None:
                raise KeyError(name)
            if self._is_through_view(model, name):
                found = whole_window(self.reads, model, source)
            else:
                found = source_window(self.workspace, self.reads, model, source)
            self._windows[model, name] = found
        return found

    def _cheap(self, name: str) -> str:
        source = self._source(name)
        if source is None:
            return ""
        if source.freshness is Freshness.OFF:
            return NEVER_CHANGES
        relation = source_relation(source, self.workspace.loaded.project.root)
        if isinstance(relation, Relation):
            if self._table_marks is None:
                self._table_marks = self._marks_of_tables()
            return self._table_marks.get(relation, "")
        files = local_files(relation)
        return file_stamp(files, time.time_ns) if files else ""

    def _marks_of_tables(self) -> Mapping[Relation, str]:
        """The versions of all tables that are read, if there is a session to ask."""
        if self.session is None:
            return {}
        names = {edge.name for edges in self.inputs.values() for edge in edges if edge.is_source}
        root = self.workspace.loaded.project.root
        found = [source_relation(s, root) for name in sorted(names) if (s := self._source(name))]
        tables = [each for each in found if isinstance(each, Relation)]
        versions = self.workspace.loaded.adapter.table_versions(self.session, tables)
        return {table: each.text for table, each in versions.items() if each.is_settled}


def _comparable(window: SourceWindow, read: SourceRead | None) -> Recorded | None:
    """What was recorded of a source, for comparing; None where it cannot be compared."""
    if read is None or read.space != window.partitioning.space:
        return None
    if not read.spans:
        return []
    if window.reads_unplaced and read.unplaced is None:
        return None
    return window.as_numbered_now(read)
