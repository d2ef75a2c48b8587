"""The statistics file: how sources and tables are stored, small enough to be committed. Pure: text and values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import Bound
from sqlbackfill.warehouse.protocol import Column
from sqlbackfill.warehouse.sizes import Zone, ZoneMap

SCHEMA_VERSION = 1
MOST_ZONES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatistics:
    """One source or model: its columns with their types, and its zones, bounds of partition columns only."""

    name: str
    columns: tuple[Column, ...]
    zones: ZoneMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A statistics file as it was read. `engine` is the type of the target that it was taken of."""

    engine: str
    tables: Mapping[str, TableStatistics] = field(default_factory=dict)

    @property
    def zone_maps(self) -> Mapping[str, ZoneMap]:
        return {name: table.zones for name, table in self.tables.items()}


def merged(zones: Sequence[Zone], most: int = MOST_ZONES) -> tuple[Zone, ...]:
    """At most `most` zones, neighbours put together: a window then reads a little more, never less."""
    if len(zones) <= most:
        return tuple(zones)
    edges = [at * len(zones) // most for at in range(most + 1)]
    return tuple(_together(zones[start:end]) for start, end in pairwise(edges))


def _together(zones: Sequence[Zone]) -> Zone:
    sizes: dict[str, int] = {}
    for zone in zones:
        for name, size in zone.column_bytes.items():
            sizes[name] = sizes.get(name, 0) + size
    names = [n for n in zones[0].bounds if all(n in zone.bounds for zone in zones)]
    return Zone(
        rows=sum(zone.rows for zone in zones),
        column_bytes=sizes,
        bounds={
            n: (min(z.bounds[n][0] for z in zones), max(z.bounds[n][1] for z in zones))
            for n in names
        },
        with_nulls=frozenset[str]().union(*(zone.with_nulls for zone in zones)),
        total_bytes=sum(zone.total_bytes for zone in zones),
    )


def statistics_text(statistics: Statistics) -> str:
    """The file: a line for each table, by name; equal statistics give equal bytes."""
    lines = [
        json.dumps(_table(statistics.tables[name]), separators=(", ", ": "), ensure_ascii=False)
        for name in sorted(statistics.tables)
    ]
    head = f'{{"schema_version": {SCHEMA_VERSION}, "engine": {json.dumps(statistics.engine)}, '
    return head + '"tables": [\n' + ",\n".join(lines) + "\n]}\n"


def _table(table: TableStatistics) -> dict[str, Any]:
    zones = merged(table.zones.zones)
    rows = sum(zone.rows for zone in zones)
    return {
        "name": table.name,
        "rows": rows,
        "columns": [
            [column.name, column.type, _column_bytes(zones, column)] for column in table.columns
        ],
        "opening_bytes": table.zones.opening_bytes,
        "block_bytes": table.zones.block_bytes,
        **({"modelled": True} if table.zones.is_modelled else {}),
        **({"rewrites": True} if table.zones.rewrites else {}),
        "zones": [
            [
                zone.rows,
                {
                    name: [_written(end) for end in ends]
                    for name, ends in sorted(zone.bounds.items())
                },
                sorted(zone.with_nulls & zone.bounds.keys()),
            ]
            for zone in zones
        ],
    }


def _column_bytes(zones: Sequence[Zone], column: Column) -> int:
    return sum(zone.column_bytes.get(column.name.lower(), 0) for zone in zones)


def read_statistics(document: Mapping[str, Any]) -> Statistics:
    """What `statistics_text` wrote. Raises ValueError, KeyError or TypeError for any other document."""
    tables = [_read_table(item) for item in document["tables"]]
    return Statistics(
        engine=str(document["engine"]), tables={table.name: table for table in tables}
    )


def _read_table(item: Mapping[str, Any]) -> TableStatistics:
    rows = max(_count(item["rows"]), 1)
    sizes = {str(name).lower(): _count(size) for name, _, size in item["columns"]}
    zones = tuple(
        Zone(
            rows=_count(count),
            column_bytes={name: round(size * _count(count) / rows) for name, size in sizes.items()},
            bounds={name: (_read(first), _read(last)) for name, (first, last) in bounds.items()},
            with_nulls=frozenset(with_nulls),
        )
        for count, bounds, with_nulls in item["zones"]
    )
    return TableStatistics(
        name=str(item["name"]),
        columns=tuple(Column(str(name), str(kind)) for name, kind, _ in item["columns"]),
        zones=ZoneMap(
            zones=zones,
            opening_bytes=_count(item["opening_bytes"]),
            block_bytes=None if item["block_bytes"] is None else _count(item["block_bytes"]),
            is_modelled=bool(item.get("modelled", False)),
            rewrites=bool(item.get("rewrites", False)),
        ),
    )


def _count(value: object) -> int:
    """A number of rows or bytes. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _written(bound: Bound) -> str | int:
    return bound if isinstance(bound, int | str) else bound.isoformat()


def _read(value: object) -> Bound:
    if isinstance(value, int):
        return value
    text = str(value)
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
