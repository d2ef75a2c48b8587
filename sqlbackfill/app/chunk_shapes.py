"""What chunks of models should cost by the statistics of the sources they read. Reads metadata, no rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

from sqlbackfill.app.planning import Prepared
from sqlbackfill.app.source_stamps import local_files
from sqlbackfill.app.sources import source_relation
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.partition_set import PartitionSet
from sqlbackfill.partitions.whole import WholePartitioning
from sqlbackfill.plan.chunk_cost_shape import InputProbe, Output, Probe, Shape, shaped
from sqlbackfill.plan.estimate_zones import ZoneReads
from sqlbackfill.query.facts import OccurrenceRead, QueryFacts
from sqlbackfill.warehouse.protocol import Relation, Session

_SIZES: Final = (1, 4, 16)
_MOST_FILES: Final = 200
"""Of more files than these the footers are not read only to choose a size."""
_MOST_BITS: Final = 40.0


@dataclass(slots=True)
class ShapeReader:
    """Reads the statistics of each source once, in the order in which models are asked about."""

    prepared: Prepared
    session: Session
    _kept: dict[tuple[str, frozenset[str]], ZoneReads | None] = field(default_factory=dict)

    def shape(self, model: str, wanted: PartitionSet, rows_each: float | None) -> Shape | None:
        """The shape for `wanted` partitions; None where something that the model reads is not known.

        `rows_each` is how many rows a partition of the model has had, None where it was never built.
        """
        facts = self.prepared.workspace.facts.get(model)
        if facts is None or not wanted or not facts.occurrences:
            return None
        inputs = [self._input(facts, occurrence) for occurrence in facts.occurrences]
        known = [each for each in inputs if each is not None]
        if len(known) < len(inputs):
            return None
        probes = [
            Probe(
                partitions=end - start,
                inputs=tuple(
                    self._probe(model, occurrence, reads, start, end)
                    for occurrence, reads in zip(facts.occurrences, known, strict=True)
                ),
            )
            for start, end in _windows(wanted)
        ]
        rows = rows_each if rows_each is not None else self._groups(model, facts)
        output = Output(
            rows=rows, columns=max(len(facts.columns), 1), is_grouped=bool(facts.unique_keys)
        )
        return shaped(probes, output)

    def _input(self, facts: QueryFacts, occurrence: OccurrenceRead) -> ZoneReads | None:
        used = dict(facts.input_columns).get(occurrence.relation)
        if used is None:
            return None
        names = frozenset(name.lower() for name in used)
        bounded = frozenset(one.column.lower() for one in occurrence.ranges)
        return self._zones(occurrence.relation, names | bounded)

    def _zones(self, relation: str, names: frozenset[str]) -> ZoneReads | None:
        key = relation, names
        if key not in self._kept:
            self._kept[key] = self._read_zones(relation, names)
        return self._kept[key]

    def _read_zones(self, relation: str, names: frozenset[str]) -> ZoneReads | None:
        workspace = self.prepared.workspace
        source, schema = (
            workspace.loaded.project.sources.get(relation),
            workspace.schemas.get(relation),
        )
        if source is None or schema is None or schema.columns is None:
            return None
        columns = [column for column in schema.columns if column.name.lower() in names]
        place: Relation | Sequence[str] | None
        found = source_relation(source, workspace.loaded.project.root)
        if isinstance(found, Relation):
            place = found
        else:
            files = local_files(found) or ()
            place = [str(file) for file in files] if 0 < len(files) <= _MOST_FILES else None
        if place is None or len(columns) < len(names):
            return None
        with contextlib.suppress(SqlbackfillError, OSError):
            zone_map = workspace.loaded.adapter.zones(self.session, place, columns)
            if zone_map is not None and zone_map.rows:
                return ZoneReads(zone_map, names)
        return None

    def _probe(
        self, model: str, occurrence: OccurrenceRead, reads: ZoneReads, start: int, end: int
    ) -> InputProbe:
        partitioning = self.prepared.workspace.partitionings[model]
        filters = {}
        if not isinstance(partitioning, WholePartitioning):
            lo, hi = partitioning.span_bounds(start, end)
            filters = {
                one.column.lower(): one.window.evaluate(lo, hi)
                for one in occurrence.ranges
                if one.type is not BoundType.TEXT
            }
        rows = reads.amount(filters).rows
        return InputProbe(rows=rows.low, touched=rows.high, columns=len(reads.columns))

    def _groups(self, model: str, facts: QueryFacts) -> float | None:
        """How many rows a partition has at most by the values of its key; None: as many as are read.

        A column that takes b bits a row has no more than 2^b values that matter.
        """
        if not facts.unique_keys:
            return None
        own = (self.prepared.workspace.models[model].partition_column or "").lower()
        sources = {column.name.lower(): column.sources for column in facts.columns}
        fewest = None
        for key in facts.unique_keys:
            bits = [self._bits(facts, sources.get(name, ())) for name in key if name != own]
            if None not in bits:
                groups = 2.0 ** min(sum(each or 0.0 for each in bits), _MOST_BITS)
                fewest = groups if fewest is None else min(fewest, groups)
        return fewest

    def _bits(self, facts: QueryFacts, sources: Sequence[tuple[str, str]]) -> float | None:
        """The bits a row that columns take where they are stored, None where that is not known."""
        total = 0.0
        for relation, column in sources:
            occurrence = next((o for o in facts.occurrences if o.relation == relation), None)
            reads = self._input(facts, occurrence) if occurrence else None
            if reads is None or column.lower() not in reads.columns:
                return None
            stored = sum(zone.column_bytes.get(column.lower(), 0) for zone in reads.map.zones)
            total += 8.0 * stored / max(reads.map.rows, 1)
        return total


def _windows(wanted: PartitionSet) -> Iterator[tuple[int, int]]:
    """Where to look: small windows in the older, the middle and the newer part of the longest run of
    `wanted`, not at its very ends, where there may be nothing yet; and all of it.
    """
    start, end = max(wanted.ranges, key=lambda each: each[1] - each[0])
    length = end - start
    for size in sorted({min(size, length) for size in _SIZES}):
        for sixth in (1, 3, 5):
            at = start + (length - size) * sixth // 6
            yield at, at + size
    if length > _SIZES[-1]:
        yield start, end
