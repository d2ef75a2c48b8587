"""How DuckDB stores a table or files: row groups, their sizes and bounds, from metadata alone.

What a scan of them reads is `plan/estimate_zones`', not ours.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import Bound
from sqlbackfill.warehouse.duckdb_session import quote_relation
from sqlbackfill.warehouse.duckdb_sizes import width
from sqlbackfill.warehouse.protocol import Column, Relation, Session
from sqlbackfill.warehouse.sizes import Zone, ZoneMap

_BLOCK_BYTES: Final = 262_144
_INTEGERS: Final = frozenset(
    f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")
) | {"INTEGER", "UINTEGER"}
_LEAST_TAIL: Final = 16_384
_MOST_TAIL: Final = 262_144
_TAIL_SHARE: Final = 512
"""DuckDB reads so much of the end of a Parquet file in search of the footer (measured on 2.0)."""

_SEGMENTS: Final = """
SELECT row_group_id, lower(column_name), count, block_id, block_offset, additional_block_ids,
    CAST(stats.min AS VARCHAR), CAST(stats.max AS VARCHAR), stats.has_null, segment_type
FROM pragma_storage_info(?) WHERE lower(column_name) IN ({names})
ORDER BY row_group_id, column_id, column_path, segment_id
"""
_CHUNKS: Final = """
SELECT file_name, row_group_id, row_group_num_rows, path_in_schema, total_compressed_size,
    stats_min_value, stats_max_value, stats_null_count
FROM parquet_metadata([{paths}])
"""
"""Summed here: to group them takes the engine several times as long as to read them."""
_MOST_KEPT: Final = 8_192
_ROWS: Final = "SELECT sum(num_rows) FROM parquet_file_metadata([{paths}])"


class Footers:
    """What the engine said of the column chunks of files, kept while they stay as they are.

    A plan asks twice: which chunks are cheap, and what the chosen ones read.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[tuple[str, int, int], ...], list[tuple[Any, ...]]] = {}

    def chunks(self, session: Session, paths: Sequence[str]) -> list[tuple[Any, ...]]:
        """One row for each column of each row group of the files."""
        stats = [Path(path).stat() for path in paths]
        key = tuple(
            (path, stat.st_size, stat.st_mtime_ns) for path, stat in zip(paths, stats, strict=True)
        )
        if key in self._kept:
            return self._kept[key]
        found = session.execute(_CHUNKS.format(paths=", ".join("?" * len(paths))), tuple(paths))
        if len(found) + sum(map(len, self._kept.values())) <= _MOST_KEPT:
            self._kept[key] = found
        return found


def zones(
    session: Session,
    source: Relation | Sequence[str],
    columns: Sequence[Column],
    footers: Footers | None = None,
) -> ZoneMap | None:
    """The zones of a table, or of the local files at the paths; None for a view.

    `footers` has what was asked of files before. Of files that are not Parquet all is read, whatever is needed: they are one zone whose bytes are
    in `opening_bytes`, and whose rows count as none.
    """
    if isinstance(source, Relation):
        return _of_table(session, source, columns)
    parquet = [path for path in source if path.lower().endswith((".parquet", ".pq"))]
    rest = sum(Path(path).stat().st_size for path in source if path not in parquet)
    kept = footers or Footers()
    found = _of_files(session, parquet, columns, kept) if parquet else ZoneMap(zones=())
    return ZoneMap(zones=found.zones, opening_bytes=found.opening_bytes + rest)


@dataclass(slots=True)
class _Group:
    """A row group while its columns come in."""

    rows: int = 0
    total: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, tuple[Bound, Bound]] = field(default_factory=dict)
    unbounded: set[str] = field(default_factory=set)
    with_nulls: set[str] = field(default_factory=set)
    blocks: dict[str, list[int]] = field(default_factory=dict)

    def bound(self, name: str, kind: str, texts: tuple[str | None, str | None]) -> None:
        """Widens the bounds of a column; what cannot be read leaves it without any."""
        low, high = (_bound(text, kind) for text in texts)
        if low is None or high is None:
            self.unbounded.add(name)
            return
        known = self.bounds.get(name)
        if known is not None:
            low, high = min(low, known[0]), max(high, known[1])
        self.bounds[name] = low, high

    def zone(self) -> Zone:
        return Zone(
            rows=self.rows,
            column_bytes=self.sizes,
            bounds={n: found for n, found in self.bounds.items() if n not in self.unbounded},
            with_nulls=frozenset(self.with_nulls),
            blocks={name: tuple(dict.fromkeys(found)) for name, found in self.blocks.items()},
            total_bytes=self.total,
        )


def _of_table(session: Session, table: Relation, columns: Sequence[Column]) -> ZoneMap | None:
    size = session.execute(
        "SELECT estimated_size FROM duckdb_tables() WHERE lower(database_name) = lower(?) "
        "AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)",
        (table.database, table.schema, table.identifier),
    )
    if not size or size[0][0] is None:
        return None
    if not columns:
        return ZoneMap(zones=(Zone(rows=int(size[0][0]), column_bytes={}),))
    types = {column.name.lower(): column.type for column in columns}
    rows = session.execute(
        _SEGMENTS.format(names=", ".join("?" * len(types))), (quote_relation(table), *types)
    )
    ends = _block_ends(rows)
    groups: dict[int, _Group] = {}
    for number, name, count, block, offset, more, low, high, has_null, kind in rows:
        group = groups.setdefault(number, _Group())
        if kind == "VALIDITY":
            if has_null is not False:
                group.with_nulls.add(name)
        else:
            group.bound(name, types[name], (low, high))
        found = [*([block] if block is not None and block >= 0 else ()), *(more or ())]
        group.blocks.setdefault(name, []).extend(found)
        own = ends[block, offset] - offset if block is not None and block >= 0 else 0
        if not found and kind != "VALIDITY":
            own = count * width(types[name])  # not written to the file yet
        group.sizes[name] = group.sizes.get(name, 0) + own + len(more or ()) * _BLOCK_BYTES
        if name == next(iter(types)) and kind != "VALIDITY":
            group.rows += count
    return ZoneMap(
        zones=tuple(groups[number].zone() for number in sorted(groups)), block_bytes=_BLOCK_BYTES
    )


def _block_ends(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, int], int]:
    """Where each segment ends within its block: at the next one known, else at the block's end."""
    starts: dict[int, set[int]] = {}
    for _, _, _, block, offset, *_ in rows:
        if block is not None and block >= 0:
            starts.setdefault(block, set()).add(offset)
    ends: dict[tuple[int, int], int] = {}
    for block, found in starts.items():
        ordered = [*sorted(found), _BLOCK_BYTES]
        ends.update({(block, at): ordered[i + 1] for i, at in enumerate(ordered[:-1])})
    return ends


def _of_files(
    session: Session, paths: Sequence[str], columns: Sequence[Column], footers: Footers
) -> ZoneMap:
    types = {column.name.lower(): column.type for column in columns}
    distinct = list(dict.fromkeys(paths))
    opening = sum(_footer_bytes(Path(path)) for path in paths)
    if not types:
        listed = ", ".join("?" * len(paths))
        total = int(session.execute(_ROWS.format(paths=listed), tuple(paths))[0][0] or 0)
        return ZoneMap(zones=(Zone(rows=total, column_bytes={}),), opening_bytes=opening)
    groups: dict[tuple[str, int], _Group] = {}
    for file, number, count, path, size, low, high, nulls in footers.chunks(session, distinct):
        group = groups.setdefault((file, number), _Group(rows=int(count)))
        group.total += int(size)
        name, *nested = path.lower().split(", ")
        if name not in types:
            continue
        group.sizes[name] = group.sizes.get(name, 0) + int(size)
        group.bound(name, types[name], (None, None) if nested else (low, high))
        if nulls != 0:
            group.with_nulls.add(name)
    # A path given twice is read twice.
    times = Counter(paths)
    return ZoneMap(
        zones=tuple(
            groups[key].zone() for key in sorted(groups) for _ in range(max(times[key[0]], 1))
        ),
        opening_bytes=opening,
    )


def _footer_bytes(file: Path) -> int:
    """What is read of a Parquet file to learn what is in it; its last bytes are the footer's length and a mark.

    https://parquet.apache.org/docs/file-format/
    """
    file_size = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(file_size - 8, 0))
        footer = int.from_bytes(opened.read(4), "little")
    tail = min(max(_LEAST_TAIL, file_size // _TAIL_SHARE), _MOST_TAIL)
    return min(file_size, tail if footer + 8 <= tail else tail + footer)


def _bound(text: str | None, kind: str) -> Bound | None:
    """The value of a column of the engine's type `kind` that metadata spells; None where it is none."""
    if text is None:
        return None
    read = _reader(kind)
    with contextlib.suppress(ValueError):
        return read(text) if read else None
    return None


def _reader(kind: str) -> Any:
    if kind in _INTEGERS:
        return int
    if kind == "DATE":
        return date.fromisoformat
    if kind.startswith("TIMESTAMP"):
        return _moment
    return None


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
