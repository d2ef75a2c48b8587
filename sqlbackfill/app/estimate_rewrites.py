"""What the DELETEs of a plan read besides its queries, where a DELETE rewrites all of what it meets."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

from sqlbackfill.app.planning import Prepared
from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import SqlbackfillError
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.partitions.whole import AnyPartitioning, WholePartitioning
from sqlbackfill.plan.estimate_zones import NOTHING, Amount, Filters, ZoneReads
from sqlbackfill.plan.types import Chunk, Spread, Step
from sqlbackfill.run.literals import partitions_predicate
from sqlbackfill.warehouse.protocol import Session, TableInfo, TableKind
from sqlbackfill.warehouse.sizes import ZoneMap


@dataclass(slots=True)
class Rewrites:
    """Asks the warehouse, or `kept` zone maps that stand in for it, about the tables that are written."""

    prepared: Prepared
    session: Session | None
    kept: Mapping[str, ZoneMap] | None = None
    _maps: dict[str, ZoneMap | None] = field(default_factory=dict)

    def of(self, step: Step, chunks: Sequence[Chunk], *, is_explained: bool) -> Amount | None:
        """What replacing `chunks` of `step` rewrites; None where nothing is, or nothing is known of it.

        By the engine's account of each where `is_explained`, else by how the table is stored.
        """
        partitioning = self.prepared.workspace.partitionings[step.model]
        if isinstance(partitioning, WholePartitioning) or not (self._is_live or self.kept):
            return None
        found = []
        for chunk in chunks:
            amount = None
            if is_explained and self._is_live:
                amount = self._explained(step.model, partitioning, chunk)
            amount = amount or self._zoned(step.model, partitioning, chunk)
            if amount is None:
                return None
            found.append(amount)
        return reduce(add, found) if found else None

    def note(self, model: str, rewritten: Amount, queries: int) -> str:
        """What is rewritten, for people; empty where the engine tells nothing of it."""
        zone_map = self._map(model)
        if zone_map is None or not zone_map.told:
            return ""
        whole = sum(sum(zone.column_bytes.values()) for zone in zone_map.zones) or 1
        share = rewritten.scan_bytes.likely / queries / whole
        return f"each DELETE rewrites about {min(share, 1.0):.0%} of {zone_map.told}"

    @property
    def _is_live(self) -> bool:
        adapter = self.prepared.workspace.loaded.adapter
        return self.kept is None and self.session is not None and adapter.rewrites

    def _explained(self, model: str, partitioning: AnyPartitioning, chunk: Chunk) -> Amount | None:
        """EXPLAIN of a query of just the rows that are deleted: they lie in what is rewritten."""
        adapter, table = self.prepared.workspace.loaded.adapter, self._table(model)
        if table is None or self.session is None:
            return None
        column = adapter.quote_name(str(self.prepared.workspace.models[model].partition_column))
        rows = partitions_predicate(column, partitioning, chunk.partitions, adapter.dialect)
        with contextlib.suppress(SqlbackfillError):
            query = f"SELECT * FROM {adapter.quote(table.relation)} WHERE {rows}"
            if found := adapter.explain_scan(self.session, query):
                size = found.scan_bytes
                return Amount(Spread(0, size, size), NOTHING)
        return None

    def _zoned(self, model: str, partitioning: AnyPartitioning, chunk: Chunk) -> Amount | None:
        zone_map = self._map(model)
        if zone_map is None or not zone_map.rewrites:
            return None
        filters: Filters = {}
        if partitioning.column_type is not BoundType.TEXT:
            low, high = partitioning.span_bounds(chunk.start, chunk.end)
            column = str(self.prepared.workspace.models[model].partition_column)
            filters = {column.lower(): Interval(low, high)}
        columns = frozenset[str]().union(*(zone.column_bytes for zone in zone_map.zones))
        size = ZoneReads(zone_map, columns).amount(filters).scan_bytes
        # What has no such rows is left alone, which only the engine sees.
        return Amount(Spread(0, size.likely, size.high), NOTHING)

    def _map(self, model: str) -> ZoneMap | None:
        if model not in self._maps:
            self._maps[model] = self._look_up(model)
        return self._maps[model]

    def _look_up(self, model: str) -> ZoneMap | None:
        if self.kept is not None:
            return self.kept.get(model)
        table, session = self._table(model), self.session
        if table is None or session is None or not self._is_live:
            return None
        workspace = self.prepared.workspace
        bounded = {str(workspace.models[model].partition_column).lower()}
        with contextlib.suppress(SqlbackfillError):
            return workspace.loaded.adapter.zones(
                session, table.relation, table.columns, bounded=bounded
            )
        return None

    def _table(self, model: str) -> TableInfo | None:
        table = self.prepared.state.tables.get(model)
        return table if table is not None and table.kind is TableKind.TABLE else None
