"""What an edge does to the two ends of a range, as steps: the building blocks of every link. No SQL functions."""

from __future__ import annotations

from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.partitions.paths import DAY_US, Op, Step, Steps
from sqlbackfill.partitions.zone_images import HOUR_US, zone_of
from sqlbackfill.query.units import unit_of

# The images of a lower and of an upper end; None where nothing is known beyond.
Image: TypeAlias = tuple[Steps | None, Steps | None]

SAME: Final[Image] = ((), ())
NOTHING: Final[Image] = (None, None)
ZONE_REACH_US: Final = 26 * HOUR_US


def local_image(zone: str) -> Image:
    """The image of instants under the clock of `zone`; ±26 h where the zone is not known."""
    return zone_image(zone, Op.LOCAL_LO, Op.LOCAL_HI)


def instant_image(zone: str) -> Image:
    """The image of readings of the clock of `zone` as instants."""
    return zone_image(zone, Op.INSTANT_LO, Op.INSTANT_HI)


def zone_image(zone: str, low: Op, high: Op) -> Image:
    """One of the two above, by its steps."""
    if zone.upper() in ("UTC", "GMT", "ETC/UTC"):
        return SAME
    try:
        zone_of(zone)
    except (KeyError, ValueError, OSError):
        return widening(ZONE_REACH_US)
    return (Step(low, name=zone),), (Step(high, name=zone),)


def floors(unit: str) -> Image:
    """The image of values that are cut down to the start of their `unit`."""
    return (Step(Op.FLOOR, name=unit),), (Step(Op.CEIL, name=unit),)


def ceils(unit: str) -> Image:
    """The image back from starts of units to the values that are cut down to them."""
    return (Step(Op.CEIL, name=unit),), (Step(Op.CEIL, name=unit),)


def months(count: int) -> Image:
    """Both ends moved by months, without the slack that month ends need."""
    return (Step(Op.MONTHS, count),), (Step(Op.MONTHS, count),)


def shifted(amount: int) -> Image:
    """Both ends moved by `amount`."""
    steps = (Step(Op.SHIFT, amount),) if amount else ()
    return steps, steps


def widening(amount: int) -> Image:
    """Both ends moved outward by `amount`."""
    return (Step(Op.SHIFT, -amount),), (Step(Op.SHIFT, amount),)


def then(first: Image, second: Image) -> Image:
    """The image of `second` after `first`."""
    low = None if first[0] is None or second[0] is None else first[0] + second[0]
    high = None if first[1] is None or second[1] is None else first[1] + second[1]
    return low, high


def widened(image: Image, microseconds: int) -> Image:
    """The image with both ends moved outward."""
    return then(image, widening(microseconds))


# Their weeks begin on a day that is not Monday, or that a setting tells.
_OTHER_WEEKS: Final = frozenset({"bigquery", "snowflake", "tsql", "redshift"})
_WEEKDAYS: Final = (
    "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY",
)  # fmt: skip


def unit_ends(unit: exp.Expr | None, dialect: str) -> tuple[Image, Image] | None:
    """The images of a truncation to `unit`, forward and backward; None for a unit without a rule."""
    written, name = _week_ends(unit), unit_of(unit)
    if written is not None:
        return written
    if name is None:
        return None
    if name != "week" or dialect not in _OTHER_WEEKS:
        return floors(name), ceils(name)
    return (
        ((Step(Op.FLOOR, name="day"), Step(Op.SHIFT, -6 * DAY_US)), ()),
        ((), (Step(Op.CEIL, name="day"), Step(Op.SHIFT, 6 * DAY_US))),
    )


def _week_ends(unit: exp.Expr | None) -> tuple[Image, Image] | None:
    """The images of a truncation to weeks whose first day is written."""
    if isinstance(unit, exp.WeekStart) and unit.name.upper() in _WEEKDAYS:
        first = _WEEKDAYS.index(unit.name.upper()) * DAY_US
    elif isinstance(unit, (exp.Var, exp.Literal)) and unit.name.upper() == "ISOWEEK":
        first = 0
    else:
        return None
    before, after = shifted(-first), shifted(first)
    down, up = (then(then(before, ends("week")), after) for ends in (floors, ceils))
    return down, up
