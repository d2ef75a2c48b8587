"""Versions of sources: what a chunk records of them, and what has changed since it was recorded.

Two levels: a cheap version of the whole (a file's stamp, an engine's own account), and digests by
partition, read again only where the cheap one does not prove that nothing changed, and only of the
recorded windows.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from sqlbackfill.app.known_digests import KnownDigests
from sqlbackfill.app.options import OnReading, tell_nobody
from sqlbackfill.app.source_stamps import file_stamp, local_files, raw_stamp
from sqlbackfill.app.source_windows import EVERYTHING, SourceWindow, source_window, whole_window
from sqlbackfill.app.sources import source_relation
from sqlbackfill.app.workspace import Workspace
from sqlbackfill.dataclass import dataclass, field, replace
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.ledger.digests import Digest, column_set_id
from sqlbackfill.ledger.records import InputMark, Island, SourceRead
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.plan.reads import Reads
from sqlbackfill.plan.types import Chunk
from sqlbackfill.plan.versions import InputEdge
from sqlbackfill.project.config import Freshness
from sqlbackfill.project.source import Source
from sqlbackfill.run.source_blocks import SourceBlocks
from sqlbackfill.run.source_digests import SourceDigests, Span
from sqlbackfill.run.source_reads import SourceScan, hull, scan
from sqlbackfill.warehouse.protocol import Column, DigestSql, Relation, Session

NEVER_CHANGES = "off"
_BLOCK, _SMALL = 64, 16
Recorded = Callable[[str, PartitionSet], Sequence[tuple[Island, Mapping[str, SourceRead]]]]
"""Of a model, the records that stand in some partitions, each with what it read of sources."""


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
    records: Recorded = lambda _model, _partitions: ()
    on_reading: OnReading = tell_nobody
    known: KnownDigests | None = None
    planned: Mapping[str, PartitionSet] = field(default_factory=dict)
    _marks: dict[str, str] = field(default_factory=dict)
    _table_marks: Mapping[Relation, str] | None = None
    _shared: SourceBlocks = field(default_factory=SourceBlocks)
    _blocks: dict[tuple[str, str, int], Span | None] = field(default_factory=dict)
    _windows: dict[tuple[str, str], SourceWindow] = field(default_factory=dict)
    _digests: dict[tuple[str, str, str, bool], tuple[Span, SourceDigests]] = field(
        default_factory=dict
    )

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
            self._blocks[key] = hull(spans) if spans and is_shared else None
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

    def _changed_spans(
        self,
        model: str,
        window: SourceWindow,
        source: Source,
        read: SourceRead | None,
    ) -> list[Span] | None:
        """The recorded spans whose digest is another now; None where they cannot be compared."""
        if read is None or read.space != window.partitioning.space:
            return None
        if not read.spans:
            return []
        if window.reads_unplaced and read.unplaced is None:
            return None
        recorded = window.as_numbered_now(read)
        if recorded is None:
            return None
        spans = [span for span, _ in recorded]
        if not spans:
            return []
        now = self._now(model, window, source, hull(spans))
        if now is None:
            return None
        if read.unplaced is not None and read.unplaced != str(now.unplaced):
            return [EVERYTHING]
        return [span for span, then in recorded if Digest.read(then) != now.of(span)]

    def _now(
        self, model: str, window: SourceWindow, source: Source, span: Span
    ) -> SourceDigests | None:
        columns = self._columns(model, source.name)
        unplaced = window.reads_unplaced
        key = (source.name, column_set_id(columns), window.numbering, unplaced)
        known = self._digests.get(key)
        if known is not None and hull((known[0], span)) == known[0]:
            return known[1]
        wanted = hull((known[0], span)) if known is not None else span
        what = self._scan(model, window, source, (wanted,), unplaced)
        sql, session = what.sql, self.session
        if sql is None or session is None:
            return None

        def read() -> SourceDigests:
            self._tell(source, columns, window.column, session)
            return scan(what, session, self.workspace.loaded.adapter.dialect, wanted)

        relation = source_relation(source, self.workspace.loaded.project.root)
        if self.known is None or not isinstance(relation, Relation):
            found = read()
        else:
            asked = (repr(sql), *map(str, key), f"{wanted.start}..{wanted.end}")
            found = self.known.get(relation, asked, read)
        self._digests[key] = wanted, found
        return found

    def _tell(
        self,
        source: Source,
        columns: tuple[str, ...] | None,
        event_time: str | None,
        session: Session,
    ) -> None:
        relation = source_relation(source, self.workspace.loaded.project.root)
        files = local_files(relation)
        used = None if columns is None else {name.lower() for name in (*columns, event_time or "")}
        schema = self.workspace.schemas[source.name]
        wanted = [c for c in schema.columns or () if used is None or c.name.lower() in used]
        what = relation if isinstance(relation, Relation) else [str(file) for file in files or ()]
        scan_bytes = None
        # What is said before the work must not end it: reading says what is wrong.
        with contextlib.suppress(SqlbackfillError, OSError):
            if what:
                scan_bytes = self.workspace.loaded.adapter.scan_bytes(session, what, wanted)
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
        text = adapter.quote(relation) if isinstance(relation, Relation) else relation.sql
        return SourceScan(
            name=source.name,
            relation=text,
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
        return self.workspace.loaded.project.sources.get(name)

    def _window(self, model: str, name: str) -> SourceWindow:
        found = self._windows.get((model, name))
        if found is None:
            source = self.workspace.loaded.project.sources[name]
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
