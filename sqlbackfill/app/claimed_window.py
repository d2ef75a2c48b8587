"""The read window that an author's override describes. Pure; knows no SQL and no project files."""

from __future__ import annotations

from collections.abc import Sequence

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.grain import Grain
from sqlbackfill.partitions.mapping import ReadWindow
from sqlbackfill.partitions.paths import FIXED_US, MONTHS_IN, Op, Origin, Path, Step
from sqlbackfill.project.config import OverrideKind, ReadOverride
from sqlbackfill.query.facts import PartitionInfo

_TIMES = frozenset({BoundType.DATE, BoundType.TIMESTAMP, BoundType.TIMESTAMPTZ})
_UTC = "UTC"


class NoSuchWindow(Exception):  # noqa: N818
    """An override that describes no window: what is wrong, and what would be right."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def claimed_window(
    override: ReadOverride,
    own: PartitionInfo,
    own_type: BoundType,
    input_type: BoundType,
    input_partition: PartitionInfo | None,
) -> ReadWindow:
    """The window of `override`, which is of kind window, past or future, on a column of `input_type`.

    `own` is how the output is partitioned, by a column of `own_type`. Where the override counts in
    another grain than the output's, the output partition is first widened to whole units of it.
    Calendar days are those of the output's time zone, else of the input's. Raises NoSuchWindow.
    """
    if BoundType.TEXT in (own_type, input_type):
        return _of_keys(override, own_type, input_type)
    if BoundType.INTEGER in (own_type, input_type):
        lower, upper = _of_integers(override, own, own_type, input_type)
    else:
        measure = _measure(override, own, own_type, input_type, input_partition)
        lower, upper = (
            measure.steps(override.start_offset),
            measure.steps(override.end_offset, upper=True),
        )
    has_start = override.kind is not OverrideKind.PAST
    has_end = override.kind is not OverrideKind.FUTURE
    return ReadWindow(
        lower=((Path(Origin.LO).then(lower),),) if has_start else None,
        upper=((Path(Origin.HI).then(upper),),) if has_end else None,
        column_type=input_type,
    )


def _of_keys(override: ReadOverride, own_type: BoundType, input_type: BoundType) -> ReadWindow:
    is_same = override.kind is OverrideKind.WINDOW and not (
        override.start_offset or override.end_offset
    )
    if own_type is not input_type or not is_same:
        raise NoSuchWindow(
            "keys have neither an order nor neighbours",
            "give start_offset: 0 and end_offset: 0 for the same key, or kind: all",
        )
    return ReadWindow.identity(BoundType.TEXT)


def _of_integers(
    override: ReadOverride, own: PartitionInfo, own_type: BoundType, input_type: BoundType
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    if own_type is not input_type or override.grain is not None:
        raise NoSuchWindow(
            f"partitions of a {own_type.value} column do not count a {input_type.value} column"
            + (f" in units of {override.grain}" if override.grain else ""),
            "name a column of the partition column's type, or give kind: all",
        )
    size = int(own.grain) if own.grain.isdigit() else 1
    start, end = (
        (Step(Op.SHIFT, offset * size),) if offset else ()
        for offset in (override.start_offset, override.end_offset)
    )
    return start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measure:
    """How offsets are counted: by `grain`, on the calendar of `zone` where one is needed.

    `before` and `after` turn the output's bounds into what is counted on and that into the input's,
    for a lower end; `widens` tells that output partitions are not whole units of `grain`.
    """

    grain: Grain
    zone: str
    from_instant: bool
    to_instant: bool
    widens: bool
    week_start: int

    def steps(self, offset: int, *, upper: bool = False) -> tuple[Step, ...]:
        steps: list[Step] = []
        if self.from_instant:
            steps.append(Step(Op.LOCAL_HI if upper else Op.LOCAL_LO, name=self.zone))
        if self.widens:
            steps += self._widening(upper=upper)
        steps += _shift(self.grain, offset)
        if self.to_instant:
            steps.append(Step(Op.INSTANT_HI if upper else Op.INSTANT_LO, name=self.zone))
        return tuple(steps)

    def _widening(self, *, upper: bool) -> Sequence[Step]:
        """Outward to whole units; a unit that cannot be aligned exactly is padded."""
        sign, round_ = (1, Op.CEIL) if upper else (-1, Op.FLOOR)
        unit = self.grain.unit.value
        single = Grain(self.grain.unit)
        if unit == "week" and self.week_start:
            day_steps = [Step(round_, name="day"), Step(Op.SHIFT, sign * 6 * FIXED_US["day"])]
            return [*day_steps, *_shift(single, sign * (self.grain.count - 1))]
        return [Step(round_, name=unit), *_shift(single, sign * (self.grain.count - 1))]


def _measure(
    override: ReadOverride,
    own: PartitionInfo,
    own_type: BoundType,
    input_type: BoundType,
    input_partition: PartitionInfo | None,
) -> _Measure:
    own_grain = Grain.parse(own.grain)
    grain = override.grain or own_grain
    zone = own.timezone
    if zone.upper() == _UTC and input_partition is not None:
        zone = input_partition.timezone
    input_naive = input_partition.naive if input_partition is not None else "utc"
    is_instant = _is_instant(own_type, own.naive)
    to_instant = _is_instant(input_type, input_naive)
    counts_on_calendar = grain.unit.is_civil or not to_instant
    has_zone = zone.upper() != _UTC
    return _Measure(
        grain=grain,
        zone=zone,
        from_instant=has_zone and is_instant and counts_on_calendar,
        to_instant=has_zone and to_instant and (not is_instant or counts_on_calendar),
        widens=grain != own_grain,
        week_start=own.week_start,
    )


def _is_instant(kind: BoundType, naive: str) -> bool:
    return kind is BoundType.TIMESTAMPTZ or (kind is BoundType.TIMESTAMP and naive == "utc")


def _shift(grain: Grain, offset: int) -> list[Step]:
    unit = grain.unit.value
    if not offset:
        return []
    if unit in FIXED_US:
        return [Step(Op.SHIFT, offset * grain.count * FIXED_US[unit])]
    return [Step(Op.MONTHS, offset * grain.count * MONTHS_IN[unit])]
