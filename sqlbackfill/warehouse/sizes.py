"""What a warehouse tells of sizes without reading a row: values only. What they come to is `plan/estimate`'s."""

from __future__ import annotations

from collections.abc import Mapping

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Rows that are stored together and are read or skipped together: a row group.

    Keys are lower-case names of columns. `bounds` holds the first and the last value, both
    included, of columns for which the engine keeps them: a zone without bounds of a column is never
    skipped by it. `with_nulls` are the columns that may hold NULL. `blocks` names the blocks of
    storage in which a column lies: each is read whole, and once, whoever shares it. `total_bytes` are
    those of all columns where small gaps between columns may be read too, else 0.
    """

    rows: int
    column_bytes: Mapping[str, int]
    bounds: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    with_nulls: frozenset[str] = frozenset()
    blocks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    total_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMap:
    """How a table or some files are stored.

    `opening_bytes` are read by every query, whatever it needs: the footers of files. `block_bytes`
    is the size of the blocks that zones name, None where they name none. Where `is_modelled` the
    engine tells how much the zones overlap, not the bounds of each: they are taken to lie evenly.
    Where it `rewrites`, a DELETE reads and writes anew every zone that it meets. `told` is what the
    engine said, for people.
    """

    zones: tuple[Zone, ...]
    opening_bytes: int = 0
    block_bytes: int | None = None
    is_modelled: bool = False
    rewrites: bool = False
    told: str = ""

    @property
    def rows(self) -> int:
        return sum(zone.rows for zone in self.zones)


@dataclass(frozen=True, slots=True)
class ScanSize:
    """What one query reads, by the engine's own account before it runs: upper bounds."""

    scan_bytes: int
    partitions: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ComputeSize:
    """What queries run on: `size` in the engine's words (`XSMALL`, `2XLARGE`), None where unknown.

    `generation` is Snowflake's, 1 or 2.
    """

    size: str | None = None
    generation: int | None = None
