"""What queries read of one input, by the zones in which it is stored. Pure; no row was read for it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from math import ceil
from typing import Final

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.partitions.bounds import Bound
from sqlbackfill.partitions.mapping import Interval
from sqlbackfill.plan.types import Spread
from sqlbackfill.warehouse.sizes import Zone, ZoneMap

NOTHING: Final = Spread(0, 0, 0)
_CLUSTERED: Final = 1.5
"""Zones whose lengths add up to no more than so many times what they cover lie one after the other."""
_UNEVEN: Final = 4.0
"""How many times denser than on average rows may lie where nobody knows how they do."""
_MOST_GAP_BYTES: Final = 65_536
"""A reader of files may rather read so much between two columns than ask twice (DuckDB decides while it
reads, by how long an answer takes)."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes and rows that are read."""

    scan_bytes: Spread = NOTHING
    rows: Spread = NOTHING

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.scan_bytes + other.scan_bytes, self.rows + other.rows)

    def times(self, factor: float) -> Amount:
        if factor == 1:
            return self
        return Amount(times(self.scan_bytes, factor), times(self.rows, factor))


def times(spread: Spread, factor: float) -> Spread:
    """`spread` in other units, or so many times over."""
    return Spread(spread.low * factor, spread.likely * factor, spread.high * factor)


Filters = Mapping[str, Interval]
"""The intervals that rows must lie in, by lower-case name of the column; all of them count."""


@dataclass(frozen=True, slots=True)
class ZoneReads:
    """Reads of some columns of one zone map; what does not depend on the filters is made once."""

    map: ZoneMap
    columns: frozenset[str]
    _order: Mapping[str, _Order] = field(default_factory=dict, compare=False)

    def amount(self, filters: Filters) -> Amount:
        """What one query reads.

        `likely` takes the zones that overlap the filters, and of those at their edge, where zones
        lie one after the other, the blocks between them; `high` all blocks of all of them; `low`
        as much of each zone as lies inside.
        """
        bounds = {name: interval for name, interval in filters.items() if not _is_open(interval)}
        parts = [
            (zone, share)
            for zone in self._candidates(bounds)
            if (share := self._share(zone, bounds)) is not None
        ]
        ordered = all(self._ordered_by(name).is_clustered for name in bounds)
        low, likely, high = (0.0, 0.0, 0.0)
        likely_blocks, all_blocks = set[int](), set[int]()
        rows_low = rows_likely = rows_high = 0.0
        for zone, (start, end) in parts:
            inside = max(end - start, 0.0)
            at_edge = (start, end) if ordered else (0.0, 1.0)
            used = 0
            for name in self.columns:
                blocks = zone.blocks.get(name, ())
                size = zone.column_bytes.get(name, 0)
                low += inside * size
                if not blocks:
                    likely += size
                    high += size
                used += size
                all_blocks.update(blocks)
                likely_blocks.update(_between(blocks, *at_edge))
            high += max(0, min(zone.total_bytes - used, _MOST_GAP_BYTES * len(self.columns)))
            rows_low += inside * zone.rows
            rows_likely += (inside if ordered else 1.0) * zone.rows
            rows_high += zone.rows
        block = self.map.block_bytes or 0
        if block and likely and not all_blocks:
            # Which blocks a column shares is not known: there is at least one, perhaps one for each.
            likely, high = max(likely, block), high + block * len(self.columns) * len(parts)
        likely += len(likely_blocks) * block
        high += len(all_blocks) * block
        opening = self.map.opening_bytes
        scan = Spread(min(low, likely) + opening, likely + opening, max(likely, high) + opening)
        amount = Amount(scan, Spread(rows_low, rows_likely, rows_high))
        return self._uncertain(amount) if self.map.is_modelled else amount

    def _uncertain(self, amount: Amount) -> Amount:
        """What zones that are taken to lie evenly come to: rows may lie denser or thinner there."""
        zones = self.map.zones
        whole = sum(zone.column_bytes.get(n, 0) for zone in zones for n in self.columns)
        return Amount(
            _uneven(amount.scan_bytes, whole + self.map.opening_bytes),
            _uneven(amount.rows, self.map.rows),
        )

    def _candidates(self, bounds: Filters) -> Iterable[Zone]:
        """The zones that may overlap the first of `bounds`: found by halving, not one by one."""
        name = next(iter(bounds), None)
        if name is None:
            return self.map.zones
        return self._ordered_by(name).overlapping(bounds[name])

    def _ordered_by(self, name: str) -> _Order:
        if name not in self._order:
            self._order[name] = _order(self.map.zones, name)  # type: ignore[index]  # a memory
        return self._order[name]

    def _share(self, zone: Zone, bounds: Filters) -> tuple[float, float] | None:
        """From where to where of the zone its rows lie inside, from 0 to 1; None where none do."""
        start, end = 0.0, 1.0
        for name, interval in bounds.items():
            known = zone.bounds.get(name)
            if known is None:
                continue
            found = _inside(known, interval)
            if found is None:
                if interval.nulls and name in zone.with_nulls:
                    continue
                return None
            start, end = max(start, found[0]), min(end, found[1])
        return start, end


@dataclass(frozen=True, slots=True)
class _Order:
    """Zones by the first value of one column; `unbounded` are those that keep none."""

    zones: tuple[Zone, ...]
    firsts: tuple[Bound, ...]
    furthest: tuple[Bound, ...]
    unbounded: tuple[Zone, ...]
    is_clustered: bool

    def overlapping(self, interval: Interval) -> list[Zone]:
        """All that overlap `interval` and perhaps some that do not; any may hold NULL."""
        if interval.nulls:
            return [*self.zones, *self.unbounded]
        start, end = 0, len(self.zones)
        try:
            if interval.hi is not None:
                end = bisect_left(self.firsts, interval.hi)
            if interval.lo is not None:
                start = bisect_left(self.furthest, interval.lo)
        except TypeError:  # a column of another type than the window's: nothing is skipped
            start, end = 0, len(self.zones)
        return [*self.zones[start:end], *self.unbounded]


def _uneven(spread: Spread, whole: float) -> Spread:
    high = min(max(spread.high, spread.likely * _UNEVEN), whole)
    return Spread(spread.low / _UNEVEN, min(spread.likely, high), high)


def _order(zones: Sequence[Zone], name: str) -> _Order:
    bounded = [zone for zone in zones if name in zone.bounds]
    bounded.sort(key=lambda zone: zone.bounds[name])
    firsts = tuple(zone.bounds[name][0] for zone in bounded)
    furthest = tuple(accumulate((zone.bounds[name][1] for zone in bounded), max))
    covered = _length(firsts[0], furthest[-1]) if bounded else 0.0
    together = sum(_length(*zone.bounds[name]) for zone in bounded)
    return _Order(
        zones=tuple(bounded),
        firsts=firsts,
        furthest=furthest,
        unbounded=tuple(zone for zone in zones if name not in zone.bounds),
        is_clustered=together <= _CLUSTERED * covered,
    )


def _inside(known: tuple[Bound, Bound], interval: Interval) -> tuple[float, float] | None:
    """The share of [first, last] that lies in `interval`, as if values were spread evenly."""
    first, last = known
    try:
        is_above = interval.lo is not None and _is_below(last, interval.lo)
        if is_above or (interval.hi is not None and not _is_below(first, interval.hi)):
            return None
    except TypeError:
        return 0.0, 1.0
    whole = _length(first, last)
    start = 0.0 if interval.lo is None else (_number(interval.lo) - _number(first)) / whole
    end = 1.0 if interval.hi is None else (_number(interval.hi) - _number(first)) / whole
    return min(max(start, 0.0), 1.0), min(max(end, 0.0), 1.0)


def _is_below(one: Bound, other: Bound) -> bool:
    return one < other  # type: ignore[operator]  # of one type, or it raises TypeError


def _length(first: Bound, last: Bound) -> float:
    """How much of the axis [first, last] covers; a single value counts as a little more than none."""
    return max(_number(last) - _number(first), 0.0) + 1e-9


def _number(bound: Bound) -> float:
    if isinstance(bound, datetime):
        return bound.timestamp() / 86_400
    if isinstance(bound, int):
        return float(bound)
    return 0.0 if isinstance(bound, str) else float(bound.toordinal()) - 719_163


def _between(blocks: tuple[int, ...], start: float, end: float) -> tuple[int, ...]:
    """Of blocks in the order of their rows those that hold rows from `start` to `end` (0 to 1)."""
    count = len(blocks)
    if count <= 1:
        return blocks
    first = min(int(start * count), count - 1)
    return blocks[first : max(ceil(end * count), first + 1)]


def _is_open(interval: Interval) -> bool:
    return interval.lo is None and interval.hi is None
