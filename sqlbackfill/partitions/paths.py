"""One end of a read window as a formula over the output partition's bounds, and its evaluation.

Values are whole numbers: microseconds for times (of UTC for instants, of the wall clock else), the
number itself for integers. Owns no column types and no SQL.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.partitions.digits import digits_of, from_digits
from sqlbackfill.partitions.zone_images import (
    HOUR_US,
    first_instant,
    highest_reading,
    last_instant,
    lowest_reading,
)

DAY_US = 24 * HOUR_US
MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
FIXED_US = {
    "microsecond": 1,
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": HOUR_US,
    "day": DAY_US,
    "week": 7 * DAY_US,
}
_WEEK_PHASE_US = 3 * DAY_US  # 1970-01-01 was a Thursday
_EPOCH_DAYS = 719_468  # days from 0000-03-01 to 1970-01-01
_ERA_DAYS = 146_097
# Beyond these an intersection forgets its longest paths, and a hull gives up: both only widen.
_MOST_PATHS = 4
_MOST_OPTIONS = 6


class Op(StrEnum):
    """What a step does to a value; the zone steps look outward, so they know which end they serve.

    ORIGIN is a shift to where another axis begins. Digits are the number 20240131 of a day and the
    like. The last two change nothing, but nothing is known of values beyond them.
    """

    SHIFT = "shift"
    ORIGIN = "origin"
    MONTHS = "months"
    FLOOR = "floor"
    CEIL = "ceil"
    LOCAL_LO = "local_lo"
    LOCAL_HI = "local_hi"
    INSTANT_LO = "instant_lo"
    INSTANT_HI = "instant_hi"
    DIGITS = "digits"
    FROM_DIGITS = "from_digits"
    MULTIPLY = "multiply"
    DIVIDE_LO = "divide_lo"
    DIVIDE_HI = "divide_hi"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class Origin(StrEnum):
    """Where a path starts: at the partition's lower bound, its upper bound, or a constant."""

    LO = "lo"
    HI = "hi"
    CONST = "const"


@dataclass(frozen=True, slots=True)
class Step:
    """One monotone function: `amount` of a shift, months or a factor; `name` of a unit or a zone."""

    op: Op
    amount: int = 0
    name: str = ""


Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A monotone function of one bound: its origin, then its steps in order."""

    origin: Origin
    steps: Steps = ()
    constant: int = 0

    def then(self, steps: Steps) -> Path:
        """The path followed by `steps`, neighbouring shifts joined."""
        done = list(self.steps)
        for step in steps:
            last = done[-1] if done else None
            if last and step.op is Op.SHIFT and last.op is Op.SHIFT:
                done.pop()
                if last.amount + step.amount:
                    done.append(Step(Op.SHIFT, last.amount + step.amount))
            elif _undoes(step, last):
                done.pop()
            elif step != last or step.op not in (Op.FLOOR, Op.CEIL):
                done.append(step)
        if self.origin is Origin.CONST:
            value = run_steps(self.constant, tuple(done))
            return Path(Origin.CONST, (), value)
        return Path(self.origin, tuple(done))

    def value(self, lo: int | None, hi: int | None) -> int | None:
        """The value for the partition [lo, hi); None if it starts at an end that is open."""
        start = {Origin.LO: lo, Origin.HI: hi, Origin.CONST: self.constant}[self.origin]
        return None if start is None else run_steps(start, self.steps)


def _undoes(step: Step, last: Step | None) -> bool:
    is_division = step.op in (Op.DIVIDE_LO, Op.DIVIDE_HI)
    return is_division and last == Step(Op.MULTIPLY, step.amount)


# A lower end is the least over its alternatives of the greatest of their paths; an upper end the
# greatest of the least. No alternative at all cannot occur; None stands for an open end.
Limit: TypeAlias = tuple[tuple[Path, ...], ...]


def run_steps(value: int, steps: Steps) -> int:
    """`value` taken through `steps`. Raises OverflowError where nothing is known of a value."""
    for step in steps:
        value = _run(value, step)
    return value


def is_at_most(a: Path, b: Path) -> bool:
    """Whether a ≤ b is certain for every partition; False also means unknown."""
    if a.origin is not b.origin:
        return False
    if a.origin is Origin.CONST:
        return a.constant <= b.constant
    if a.steps == b.steps:
        return True
    common = 0
    for mine, other in zip(a.steps, b.steps, strict=False):
        if mine != other:
            break
        common += 1
    most, least = _reach(a.steps[common:]), _reach(b.steps[common:])
    return most is not None and least is not None and most[1] <= least[0]


def both_lower(a: Limit | None, b: Limit | None) -> Limit | None:
    """The lower end of an intersection."""
    return _meet(a, b, lower=True)


def both_upper(a: Limit | None, b: Limit | None) -> Limit | None:
    """The upper end of an intersection."""
    return _meet(a, b, lower=False)


def either(a: Limit | None, b: Limit | None, *, lower: bool) -> Limit | None:
    """The lower or upper end of a hull."""
    if a is None or b is None:
        return None
    kept: list[tuple[Path, ...]] = []
    for option in (*a, *b):
        if not any(_covers(other, option, lower=lower) for other in kept):
            kept = [k for k in kept if not _covers(option, k, lower=lower)]
            kept.append(option)
    return None if len(kept) > _MOST_OPTIONS else tuple(kept)


def is_within(inner: Limit | None, outer: Limit | None, *, lower: bool) -> bool:
    """Whether the end `inner` certainly lies inside the end `outer`; an open outer end holds all."""
    if outer is None or inner is outer:
        return True
    if inner is None:
        return False
    return all(any(_covers(wide, narrow, lower=lower) for wide in outer) for narrow in inner)


def limit_value(limit: Limit | None, lo: int | None, hi: int | None, *, lower: bool) -> int | None:
    """The limit for the partition [lo, hi), None where it is open."""
    if limit is None:
        return None
    inner, outer = (max, min) if lower else (min, max)
    values: list[int] = []
    for option in limit:
        known = [value for path in option if (value := path.value(lo, hi)) is not None]
        if not known:
            return None
        values.append(inner(known))
    return outer(values)


def limit_after(limit: Limit | None, steps: Steps | None) -> Limit | None:
    """The limit moved through `steps`; None for steps means that nothing is known beyond."""
    if limit is None or steps is None:
        return None
    if not steps:
        return limit
    try:
        return tuple(tuple(path.then(steps) for path in option) for option in limit)
    except OverflowError:
        return None


def on_days(limit: Limit | None) -> Limit | None:
    """The limit without roundings to days that cannot move it, where partitions are cut at midnights.

    Sound only for output columns of type DATE, whose bounds are midnights of the column's own clock.
    """
    if limit is None:
        return None
    return tuple(tuple(_on_days(path) for path in option) for option in limit)


def _on_days(path: Path) -> Path:
    is_midnight = path.origin is not Origin.CONST or path.constant % DAY_US == 0
    kept: list[Step] = []
    for step in path.steps:
        is_rounding = step.op in (Op.FLOOR, Op.CEIL)
        if is_rounding and is_midnight and DAY_US % FIXED_US.get(step.name, DAY_US + 1) == 0:
            continue
        kept.append(step)
        if is_rounding:
            is_midnight = step.name in MONTHS_IN or step.name in ("day", "week")
        elif step.op is Op.SHIFT:
            is_midnight = is_midnight and step.amount % DAY_US == 0
        elif step.op is not Op.MONTHS:
            is_midnight = False
    return replace(path, steps=tuple(kept))


def _covers(wide: tuple[Path, ...], narrow: tuple[Path, ...], *, lower: bool) -> bool:
    """Whether the option `wide` certainly reaches at least as far out as `narrow`."""
    if lower:
        return all(any(is_at_most(w, n) for n in narrow) for w in wide)
    return all(any(is_at_most(n, w) for n in narrow) for w in wide)


# Bounds that spread along the edges of a query meet the same ones over and over.
@lru_cache(maxsize=4096)
def _meet(a: Limit | None, b: Limit | None, *, lower: bool) -> Limit | None:
    if a is None or b is None:
        return b if a is None else a
    if is_within(a, b, lower=lower):
        return a
    if is_within(b, a, lower=lower):
        return b
    if len(a) * len(b) > _MOST_OPTIONS:
        return a
    return tuple(_tightest((*x, *y), lower=lower) for x in a for y in b)


def _tightest(paths: tuple[Path, ...], *, lower: bool) -> tuple[Path, ...]:
    kept: list[Path] = []
    for path in paths:
        if not any(_is_looser(path, other, lower=lower) for other in kept):
            kept = [k for k in kept if not _is_looser(k, path, lower=lower)]
            kept.append(path)
    return tuple(sorted(kept, key=lambda path: len(path.steps))[:_MOST_PATHS])


def _is_looser(path: Path, other: Path, *, lower: bool) -> bool:
    return is_at_most(path, other) if lower else is_at_most(other, path)


@lru_cache(maxsize=4096)
def _reach(steps: Steps) -> tuple[int, int] | None:
    """How far `steps` can move a value, down and up; None where the unit changes."""
    down = up = 0
    for step in steps:
        match step.op:
            case Op.SHIFT | Op.ORIGIN:
                low = high = step.amount
            case Op.MONTHS:
                ends = (step.amount * 28, step.amount * 31)
                low, high = (min(ends) - 3) * DAY_US, (max(ends) + 3) * DAY_US
            case Op.FLOOR:
                low, high = -_longest(step.name), 0
            case Op.CEIL:
                low, high = 0, _longest(step.name)
            case Op.LOCAL_LO | Op.LOCAL_HI | Op.INSTANT_LO | Op.INSTANT_HI:
                low, high = -26 * HOUR_US, 26 * HOUR_US
            case Op.AT_LEAST | Op.AT_MOST:
                low = high = 0
            case _:
                return None
        down, up = down + low, up + high
    return down, up


def _longest(unit: str) -> int:
    return FIXED_US[unit] if unit in FIXED_US else MONTHS_IN[unit] * 31 * DAY_US


def _run(value: int, step: Step) -> int:
    match step.op:
        case Op.SHIFT | Op.ORIGIN:
            return value + step.amount
        case Op.MONTHS:
            return add_months(value, step.amount)
        case Op.FLOOR:
            return floor_to(value, step.name)
        case Op.CEIL:
            floor = floor_to(value, step.name)
            return value if floor == value else _next(floor, step.name)
        case Op.LOCAL_LO:
            return lowest_reading(value, step.name)
        case Op.LOCAL_HI:
            return highest_reading(value, step.name)
        case Op.INSTANT_LO:
            return first_instant(value, step.name)
        case Op.INSTANT_HI:
            return last_instant(value, step.name)
        case Op.DIGITS:
            return digits_of(value, step.name)
        case Op.FROM_DIGITS:
            return from_digits(value, step.name)
        case Op.MULTIPLY:
            return value * step.amount
        case Op.DIVIDE_LO:
            return value // step.amount
        case Op.DIVIDE_HI:
            return -(-value // step.amount)
        case Op.AT_LEAST | Op.AT_MOST:
            if (value < step.amount) if step.op is Op.AT_LEAST else (value > step.amount):
                raise OverflowError(f"nothing is known of {value}")
            return value


def floor_to(value: int, unit: str) -> int:
    """The start of the `unit` that holds `value`; weeks start on Monday."""
    if unit == "week":
        size = FIXED_US["week"]
        return (value + _WEEK_PHASE_US) // size * size - _WEEK_PHASE_US
    if unit in FIXED_US:
        return value // FIXED_US[unit] * FIXED_US[unit]
    size = MONTHS_IN[unit]
    year, month, _ = _civil(value // DAY_US)
    start = (year * 12 + month - 1) // size * size
    return _days(start // 12, start % 12 + 1, 1) * DAY_US


def add_months(value: int, months: int) -> int:
    """`value` moved by `months`, the day of the month held within the target month."""
    day, time = divmod(value, DAY_US)
    year, month, dom = _civil(day)
    target = year * 12 + month - 1 + months
    first = _days(target // 12, target % 12 + 1, 1)
    length = _days((target + 1) // 12, (target + 1) % 12 + 1, 1) - first
    return (first + min(dom, length) - 1) * DAY_US + time


def _next(floor: int, unit: str) -> int:
    return floor + FIXED_US[unit] if unit in FIXED_US else add_months(floor, MONTHS_IN[unit])


# Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": exact for every year, unlike
# datetime, so that a window may reach beyond year 9999 and only its value there is open.
def _civil(day: int) -> tuple[int, int, int]:
    shifted = day + _EPOCH_DAYS
    era, doe = divmod(shifted, _ERA_DAYS)
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) // 5 + 1


def _days(year: int, month: int, dom: int) -> int:
    year -= month <= 2
    era, yoe = divmod(year, 400)
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + dom - 1
    return era * _ERA_DAYS + yoe * 365 + yoe // 4 - yoe // 100 + doy - _EPOCH_DAYS
