"""Partitions of time: days, weeks, months and the like of the calendar, hours and minutes elapsed.

Ordinals are arithmetic. Owns the numbering of partitions; not the -p grammar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlbackfill.dataclass import dataclass, field
from sqlbackfill.errors import Diagnostic, ProjectError
from sqlbackfill.partitions.bounds import Bound, BoundType, json_bound
from sqlbackfill.partitions.civil import FIRST_YEAR, LAST_YEAR, period_of, period_start
from sqlbackfill.partitions.grain import Grain, Unit
from sqlbackfill.partitions.partition_set import OrdinalRange, PartitionSet
from sqlbackfill.partitions.time_column import Naive, TimeColumn, midnight
from sqlbackfill.partitions.time_labels import label_of, label_of_run
from sqlbackfill.partitions.universe import Universe, within
from sqlbackfill.partitions.zones import zone_named

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_SECONDS = {Unit.MINUTE: 60, Unit.HOUR: 3600}
_SECOND = timedelta(seconds=1)
_MODERN = datetime(2000, 1, 1, tzinfo=UTC)
_ODD_OFFSETS_END = datetime(1973, 1, 1, tzinfo=UTC)  # until 1972 some offsets had odd seconds
_TIMES = (BoundType.DATE, BoundType.TIMESTAMP, BoundType.TIMESTAMPTZ)

__all__ = ["Naive", "TimePartitioning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePartitioning:
    """Partitions of a DATE, TIMESTAMP or TIMESTAMPTZ column, numbered by ordinals.

    Days and coarser follow the calendar of `timezone`: a day lasts from its first instant to that of
    the next, 23 or 25 hours where the clock changes. Minutes and hours are elapsed time, cut so that
    they start on the clock's minutes and hours (by the zone's offset at `begin`, or at 2000-01-01
    where `begin` is before 1973 or not set). Of a DATE column, and of a TIMESTAMP column with `naive` LOCAL, the partitions are
    cut on the calendar alone; `timezone` then only says when they are over. A grain of several
    units counts from `begin`.

    `begin` and `end` (exclusive) are dates or datetimes as written, naive ones being civil time in
    `timezone`. The first partition is the one that holds `begin`, the last the one that holds the
    instant before `end`. `week_start` is 0 for Monday to 6. Raises ProjectError: UNKNOWN_TIMEZONE,
    GRAIN_TOO_FINE, GRAIN_NEEDS_BEGIN, END_BEFORE_BEGIN, INVALID_PARTITIONING.
    """

    grain: Grain
    column_type: BoundType
    timezone: str = "UTC"
    naive: Naive = Naive.UTC
    week_start: int = 0
    begin: date | datetime | None = None
    end: date | datetime | None = None
    column: TimeColumn = field(init=False, repr=False, compare=False)
    universe: Universe = field(init=False, repr=False, compare=False)
    _step: int = field(init=False, repr=False, compare=False)
    _phase: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_sound(self)
        column = TimeColumn(type=self.column_type, zone=zone_named(self.timezone), naive=self.naive)
        step = self.grain.count * _UNIT_SECONDS.get(self.grain.unit, 1)
        # Each of these stands on the ones before it.
        object.__setattr__(self, "column", column)
        object.__setattr__(self, "_step", step)
        object.__setattr__(self, "_phase", self._find_phase())
        object.__setattr__(self, "universe", self._find_universe())

    @property
    def space(self) -> str:
        """What makes two partitions of the same name the same: grain, zone, phase, week start."""
        parts = [str(self.grain)]
        if not self.column.is_wall_clock:
            parts.append(self.timezone)
        if self.grain.unit is Unit.WEEK and self.week_start:
            parts.append(f"week_start={self.week_start}")
        if self.grain.count > 1 or self._phase:
            parts.append(str(self._phase))
        return ":".join(parts)

    def ordinal(self, bound: Bound) -> int:
        """The partition that holds the column value `bound`."""
        value = self.column.value(bound)
        if not self.grain.unit.is_civil:
            return ((midnight(value) - _EPOCH) // _SECOND - self._phase) // self._step
        shown = self.column.civil(value)
        ordinal = self.ordinal_of_day(shown)
        # Where the clock goes back over midnight, the day starts the first time it is shown.
        repeated = isinstance(shown, datetime) and shown.fold
        return ordinal + 1 if repeated and value >= self._start(ordinal + 1) else ordinal

    def end_ordinal(self, bound: Bound) -> int:
        """The ordinal after the last partition that holds values below `bound`."""
        value = self.column.value(bound, up=True)
        ordinal = self.ordinal(value)
        return ordinal if self._start(ordinal) == value else ordinal + 1

    def bounds(self, ordinal: int) -> tuple[Bound, Bound]:
        """The half-open column values of one partition.

        A day that a zone skipped entirely (Samoa, 2011-12-30) holds none: both are the same.
        """
        return self._start(ordinal), self._start(ordinal + 1)

    def span_bounds(self, start: int, end: int) -> tuple[Bound, Bound]:
        """The half-open column values of the ordinals from `start` up to but without `end`."""
        return self._start(start), self._start(end)

    def due_end(self, now: datetime) -> int:
        """The ordinal before which every partition has ended at the instant `now`."""
        return self.ordinal(self.column.settled_at(now))

    def current(self, now: datetime) -> int:
        """The ordinal of the partition that holds the instant `now`."""
        return self.ordinal(self.column.at(now))

    def overlapping(
        self,
        lo: Bound | None,
        hi: Bound | None,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> PartitionSet:
        """The partitions of the universe that overlap the column values [lo, hi).

        None is unbounded; `since` and `until` are ordinals that clip further, half-open. Raises
        ValueError where an end stays unbounded.
        """
        first = None if lo is None else self.ordinal(lo)
        end = None if hi is None else self.end_ordinal(hi)
        if lo is not None and hi is not None:
            low, high = self.column.value(lo), self.column.value(hi, up=True)
            if high <= low:
                return PartitionSet.empty()
        return within(self.universe, first, end, since=since, until=until)

    def record_key(self, ordinal: int) -> str:
        """The text that names a partition in the ledger: its first civil day, or its start."""
        if self.grain.unit.is_civil:
            return self.first_day(ordinal).isoformat()
        return str(json_bound(self._start(ordinal), self.column_type))

    def ordinal_of_key(self, text: str) -> int | None:
        """The partition that `record_key` named; None if `text` names no partition of this space."""
        try:
            if self.grain.unit.is_civil:
                ordinal = self.ordinal_of_day(date.fromisoformat(text))
            else:
                moment = datetime.fromisoformat(text)
                ordinal = self.ordinal(moment.replace(tzinfo=moment.tzinfo or UTC))
            return ordinal if self.record_key(ordinal) == text else None
        except (ValueError, OverflowError):
            return None

    def json_ranges(self, partitions: PartitionSet) -> list[dict[str, str | int]]:
        """Merged ranges as documents hold them: `start` and exclusive `end`."""
        return [
            {
                "start": json_bound(self._start(start), self.column_type),
                "end": json_bound(self._start(end), self.column_type),
            }
            for start, end in partitions.ranges
        ]

    def label(self, ordinal: int) -> str:
        """One partition in words of the -p grammar, such as `2013-01-05`, `2013-01`, `2013-Q1`."""
        return label_of(self, ordinal)

    def label_set(self, partitions: PartitionSet) -> str:
        """Text that `-p` reads as exactly these partitions, due or not; empty for none."""
        return ",".join(label_of_run(self, start, end) for start, end in partitions.ranges)

    def calendar_cuts(self, partitions: PartitionSet, unit: str, /) -> tuple[OrdinalRange, ...]:
        """Each contiguous run, cut where a new week, month, quarter or year begins.

        A partition belongs to the period in which it starts; weeks start as the model's do.
        """
        return tuple(
            chunk
            for start, end in partitions.ranges
            for chunk in self._cut_run(start, end, Unit(unit))
        )

    def ordinal_of_day(self, day: date) -> int:
        """The partition that holds the civil day `day` of `timezone`; for days and coarser."""
        period = period_of(day, self.grain.unit, self.week_start)
        return (period - self._phase) // self._step

    def first_day(self, ordinal: int) -> date:
        """The civil day, in `timezone`, on which the partition starts."""
        if self.grain.unit.is_civil:
            period = ordinal * self._step + self._phase
            return period_start(period, self.grain.unit, self.week_start)
        return self.local_start(ordinal).date()

    def local_start(self, ordinal: int) -> datetime:
        """What the clock of `timezone` shows when the partition starts, tagged UTC."""
        return midnight(self.column.civil(self._start(ordinal)))

    def _cut_run(self, start: int, end: int, unit: Unit) -> Iterator[OrdinalRange]:
        while start < end:
            period = period_of(self.first_day(start), unit, self.week_start)
            following = period_start(period + 1, unit, self.week_start)
            cut = self.end_ordinal(self.column.first_of(following))
            yield start, min(cut, end)
            start = cut

    def _start(self, ordinal: int) -> date | datetime:
        if self.grain.unit.is_civil:
            return self.column.first_of(self.first_day(ordinal))
        return _EPOCH + timedelta(seconds=ordinal * self._step + self._phase)

    def _find_phase(self) -> int:
        """Where counting starts, modulo the grain, in periods or in seconds."""
        anchor = None if self.begin is None else self.column.written(self.begin)
        if self.grain.unit.is_civil:
            if self.grain.count == 1 or anchor is None:
                return 0
            day = self.column.civil(anchor)
            return period_of(day, self.grain.unit, self.week_start) % self.grain.count
        unit_seconds = _UNIT_SECONDS[self.grain.unit]
        moment = _MODERN if anchor is None else midnight(anchor)
        aligned = _MODERN if moment < _ODD_OFFSETS_END else moment
        offset = midnight(self.column.civil(aligned)) - aligned
        unit_phase = -(offset // _SECOND) % unit_seconds
        units = ((moment - _EPOCH) // _SECOND - unit_phase) // unit_seconds
        return (units * unit_seconds + unit_phase) % self._step

    def _find_universe(self) -> Universe:
        first = None if self.begin is None else self.ordinal(self.column.written(self.begin))
        end = None if self.end is None else self.end_ordinal(self.column.written(self.end, up=True))
        if first is not None and end is not None and first >= end:
            raise ProjectError(
                Diagnostic(
                    code="END_BEFORE_BEGIN",
                    message=f"`end` {self.end} is not after `begin` {self.begin}",
                    fix="`end` is exclusive: it must be later than `begin`",
                )
            )
        return first, end


def _require_sound(partitioning: TimePartitioning) -> None:
    """Raises for what the class documents, all but the zone and the order of begin and end."""
    grain, column_type = partitioning.grain, partitioning.column_type
    if partitioning.week_start not in range(7):
        raise ValueError(f"week_start is 0 (Monday) to 6: {partitioning.week_start}")
    problems: list[tuple[str, str, str]] = []
    if column_type not in _TIMES:
        message = f"a {column_type.value} column has no partitions of `{grain}`"
        fix = "partition by a date or timestamp column, or set meta.sqlbackfill.partitions"
        problems.append(("INVALID_PARTITIONING", message, fix))
    elif column_type is BoundType.DATE and not grain.unit.is_civil:
        message = f"a date column cannot be cut into partitions of `{grain}`"
        fix = "set a grain of `day` or coarser, or partition by a timestamp"
        problems.append(("GRAIN_TOO_FINE", message, fix))
    if grain.count > 1 and partitioning.begin is None:
        message = f"partitions of `{grain}` count from `begin`, which is not set"
        problems.append(("GRAIN_NEEDS_BEGIN", message, "set `begin`"))
    for name, moment in (("begin", partitioning.begin), ("end", partitioning.end)):
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            message = f"`{name}` {moment} is outside the years {FIRST_YEAR:04} to {LAST_YEAR}"
            problems.append(("INVALID_PARTITIONING", message, f"correct `{name}`, or leave it out"))
    if problems:
        raise ProjectError.of(Diagnostic(code=c, message=m, fix=f) for c, m, f in problems)
