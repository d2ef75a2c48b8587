"""How a bound on an expression bounds its argument and the reverse: one step, y = f(x).

Every rule is the table of the analysis (section 2): an image may be wider than the truth, never
narrower. Functions that are not named here have no link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import DAY_US, FIXED_US, MONTHS_IN, Op, Step, Steps
from sqlbackfill.partitions.zone_images import HOUR_US, zone_of
from sqlbackfill.query.epochs import Epoch, epoch_of
from sqlbackfill.query.kinds import (
    DATE_ARITHMETIC,
    SPARK_FAMILY,
    Kind,
    KindOf,
    ZoneChange,
    is_extracted_date,
    is_time,
    is_wall,
    kind_of_type,
    rounds,
    same_axis,
    zone_change,
)

# The images of a lower and of an upper end; None where nothing is known beyond.
Image: TypeAlias = tuple[Steps | None, Steps | None]

SAME: Final[Image] = ((), ())
NOTHING: Final[Image] = (None, None)
_SECOND_US: Final = 1_000_000
_ZONE_REACH_US: Final = 26 * HOUR_US


@dataclass(frozen=True, slots=True)
class Link:
    """`argument` is x, `forward` takes bounds of x to bounds of y = f(x), `backward` the reverse."""

    argument: exp.Expr
    forward: Image
    backward: Image


@dataclass(frozen=True, slots=True)
class EdgeRules:
    """What the rules must know about the session: its time zone and the SQL dialect."""

    session_zone: str
    dialect: str

    def link(self, node: exp.Expr, kind: KindOf) -> Link | None:
        """The link of `node` to its argument, None where there is no rule for it."""
        if isinstance(node, (exp.Cast, exp.TryCast)):
            return self._cast(node, kind)
        if isinstance(node, (exp.TsOrDsToDate, exp.Date)):
            return self._date_function(node, kind)
        if isinstance(node, (exp.TimestampTrunc, exp.DateTrunc)):
            return self._truncation(node, kind)
        if isinstance(node, (exp.Add, exp.Sub)):
            return self._sum(node, kind)
        if isinstance(node, DATE_ARITHMETIC):
            return self._date_arithmetic(node, kind)
        if isinstance(node, exp.Extract) and is_extracted_date(node, self.dialect):
            return self._date_of(node.expression, kind(node.expression), None)
        epoch = epoch_of(node, self.dialect)
        if epoch is not None:
            return _epoch_link(epoch) if kind(epoch.number) is BoundType.INTEGER else None
        zone = zone_change(node, kind, self.dialect)
        return _zone_link(zone) if zone is not None else None

    def link_kind(self, node: exp.Cast | exp.TryCast) -> Kind:
        """The kind that a cast gives."""
        return kind_of_type(node.to, self.dialect)

    def between(self, x: Kind, y: Kind) -> tuple[Image, Image] | None:
        """The images of x = y (x to y, y to x) as the engine compares the two kinds."""
        if same_axis(x, y):
            return None if x is BoundType.TEXT and self.dialect in _FOLDING else (SAME, SAME)
        if x is BoundType.TIMESTAMPTZ and is_wall(y):
            return self._to_local(), self._to_instant()
        if is_wall(x) and y is BoundType.TIMESTAMPTZ:
            return self._to_instant(), self._to_local()
        return None

    def _to_local(self) -> Image:
        return local_image(self.session_zone)

    def _to_instant(self) -> Image:
        return instant_image(self.session_zone)

    def _cast(self, node: exp.Cast | exp.TryCast, kind: KindOf) -> Link | None:
        source, target = kind(node.this), kind(node)
        if source is None or target is None:
            return None
        if not is_time(source) or not is_time(target):
            plain = source is target and not node.to.expressions
            return Link(node.this, SAME, SAME) if plain else None
        images = self.between(source, target)
        if images is None:
            return None
        forward, backward = images
        if target is BoundType.DATE:
            forward = _then(forward, _floors("day"))
            backward = _after(_ceils("day"), backward)
        elif rounds(node.to) or node.to.this in _COARSE:
            forward = _then(forward, _widened(_SECOND_US))
            backward = _after(_widened(_SECOND_US), backward)
        return Link(node.this, forward, backward)

    def _date_function(self, node: exp.Expr, kind: KindOf) -> Link | None:
        extra = [
            key
            for key, value in node.args.items()
            if value not in (None, [], False) and key not in ("this", "safe", "zone")
        ]
        if extra or not isinstance(node.this, exp.Expr):
            return None
        return self._date_of(node.this, kind(node.this), node.args.get("zone"))

    def _date_of(self, x: exp.Expr, source: Kind, zone: exp.Expr | None) -> Link | None:
        """The date of x, in `zone` if one is written."""
        if not is_time(source):
            return None
        images = self.between(source, BoundType.TIMESTAMP)
        if zone is not None:
            written = self.dialect == "bigquery" and _is_text(zone)
            if source is not BoundType.TIMESTAMPTZ or not written:
                return None
            images = local_image(zone.name), instant_image(zone.name)
        if images is None:
            return None
        return Link(x, _then(images[0], _floors("day")), _after(_ceils("day"), images[1]))

    def _truncation(self, node: exp.Expr, kind: KindOf) -> Link | None:
        source, unit = kind(node.this), node.args.get("unit")
        ends = _week_ends(unit) or self._unit_ends(unit_of(unit))
        if not is_time(source) or ends is None or node.args.get("zone"):
            return None
        if source is BoundType.DATE and self.dialect == "postgres" and self._to_local() != SAME:
            return None
        forward, backward = ends
        if source is BoundType.TIMESTAMPTZ:
            forward = _then(_then(self._to_local(), forward), self._to_instant())
            local = self._to_local()
            if local != SAME:  # where the clock skips midnight, a day starts as late as 01:00
                local = _then(local, _widened(3 * HOUR_US))
            backward = _then(_then(local, backward), self._to_instant())
        return Link(node.this, forward, backward)

    def _unit_ends(self, unit: str | None) -> tuple[Image, Image] | None:
        if unit is None:
            return None
        if unit != "week" or self.dialect not in _OTHER_WEEKS:
            return _floors(unit), _ceils(unit)
        return (
            ((Step(Op.FLOOR, name="day"), Step(Op.SHIFT, -6 * DAY_US)), ()),
            ((), (Step(Op.CEIL, name="day"), Step(Op.SHIFT, 6 * DAY_US))),
        )

    def _sum(self, node: exp.Add | exp.Sub, kind: KindOf) -> Link | None:
        x, y = node.this, node.expression
        if isinstance(node, exp.Add) and (
            isinstance(x, exp.Interval) or whole_number(x) is not None
        ):
            x, y = y, x
        sign = -1 if isinstance(node, exp.Sub) else 1
        source = kind(x)
        if isinstance(y, exp.Interval):
            return self._shift(x, source, interval_of(y), sign)
        number = whole_number(y)
        if number is None or _is_text(y):
            return None
        if source is BoundType.DATE:
            return self._shift(x, source, ("day", number), sign)
        if source is BoundType.INTEGER:
            step = sign * number
            return Link(x, _shifted(step), _shifted(-step))
        return None

    def _date_arithmetic(self, node: exp.Expr, kind: KindOf) -> Link | None:
        source = kind(node.this)
        if isinstance(node, exp.TsOrDsAdd) and source is not BoundType.DATE:
            return self._moved_date(node, source)
        return self._shift(node.this, kind(node.this), moved_by(node), 1)

    def _moved_date(self, node: exp.TsOrDsAdd, source: Kind) -> Link | None:
        """Spark's DATE_ADD of a moment, which is taken to its date first."""
        date, given = self._date_of(node.this, source, None), moved_by(node)
        if date is None or given is None or given[0] != "day" or self.dialect not in SPARK_FAMILY:
            return None
        forward, backward = _shifted(given[1] * DAY_US), _shifted(-given[1] * DAY_US)
        return Link(node.this, _then(date.forward, forward), _then(backward, date.backward))

    def _shift(
        self, x: exp.Expr, source: Kind, given: tuple[str, int] | None, sign: int
    ) -> Link | None:
        if given is None or not is_time(source):
            return None
        unit, number = given[0], given[1] * sign
        if unit in FIXED_US:
            forward, backward = (
                _shifted(number * FIXED_US[unit]),
                _shifted(-number * FIXED_US[unit]),
            )
        else:
            months = number * MONTHS_IN[unit]
            forward = _then(_months(months), _widened(DAY_US))
            backward = _then(_months(-months), _widened(4 * DAY_US))
        civil = unit not in ("microsecond", "millisecond", "second", "minute", "hour")
        if source is BoundType.TIMESTAMPTZ and civil:
            forward = _then(_then(self._to_local(), forward), self._to_instant())
            backward = _then(_then(self._to_local(), backward), self._to_instant())
            if self.session_zone.upper() != "UTC":
                forward, backward = (_then(i, _widened(HOUR_US * 3)) for i in (forward, backward))
        return Link(x, forward, backward)


# Their text comparison ignores case or trailing blanks, by default or often.
_FOLDING: Final = frozenset(
    {"mysql", "tsql", "fabric", "starrocks", "doris", "singlestore", "teradata"}
)
# Their weeks begin on a day that is not Monday, or that a setting tells.
_OTHER_WEEKS: Final = frozenset({"bigquery", "snowflake", "tsql", "redshift"})
_WEEKDAYS: Final = (
    "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY",
)  # fmt: skip
_COARSE: Final = frozenset(
    {
        exp.DataType.Type.TIMESTAMP_S,
        exp.DataType.Type.TIMESTAMP_MS,
        exp.DataType.Type.TIMESTAMP_NS,
    }
)
_UNITS: Final = {
    **{unit: unit for unit in (*FIXED_US, *MONTHS_IN)},
    "mon": "month",
    "mm": "month",
    "dd": "day",
    "d": "day",
    "yyyy": "year",
    "isoweek": "week",
}


def unit_of(node: exp.Expr | None) -> str | None:
    """The unit that a function names, in the singular; None where it is not a known word."""
    if node is None or not isinstance(node, (exp.Var, exp.Literal, exp.Identifier)):
        return None
    word = node.name.lower()
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))


def _week_ends(unit: exp.Expr | None) -> tuple[Image, Image] | None:
    """The images of a truncation to weeks whose first day is written."""
    if isinstance(unit, exp.WeekStart) and unit.name.upper() in _WEEKDAYS:
        first = _WEEKDAYS.index(unit.name.upper()) * DAY_US
    elif isinstance(unit, (exp.Var, exp.Literal)) and unit.name.upper() == "ISOWEEK":
        first = 0
    else:
        return None
    before, after = _shifted(-first), _shifted(first)
    floors, ceils = (_then(_then(before, f("week")), after) for f in (_floors, _ceils))
    return floors, ceils


def whole_number(node: exp.Expr | None) -> int | None:
    """The integer that a literal, with or without a sign, stands for."""
    if isinstance(node, exp.Paren):
        return whole_number(node.this)
    if isinstance(node, exp.Neg):
        number = whole_number(node.this)
        return None if number is None else -number
    if isinstance(node, exp.Mul):  # how sqlglot writes the amount of Spark's DATE_SUB
        left, right = whole_number(node.this), whole_number(node.expression)
        return None if left is None or right is None else left * right
    if isinstance(node, exp.Literal):
        text = node.name.strip()
        digits = text.removeprefix("-").removeprefix("+")
        return int(text) if digits.isascii() and digits.isdigit() else None
    return None


def interval_of(node: exp.Expr) -> tuple[str, int] | None:
    """(unit, number) of an interval of one unit; None for anything else."""
    if not isinstance(node, exp.Interval):
        return None
    unit, number = unit_of(node.args.get("unit")), whole_number(node.this)
    return (unit, number) if unit is not None and number is not None else None


def moved_by(node: exp.Expr) -> tuple[str, int] | None:
    """(unit, number) by which DATE_ADD, DATE_SUB and the like move their argument."""
    sign = -1 if isinstance(node, (exp.DateSub, exp.TimestampSub, exp.DatetimeSub)) else 1
    amount = node.expression
    if isinstance(amount, exp.Interval):
        given = interval_of(amount)
        return (given[0], sign * given[1]) if given is not None else None
    unit, number = unit_of(node.args.get("unit")), whole_number(amount)
    return (unit, sign * number) if unit is not None and number is not None else None


def local_image(zone: str) -> Image:
    """The image of instants under the clock of `zone`; ±26 h where the zone is not known."""
    return _zone_image(zone, Op.LOCAL_LO, Op.LOCAL_HI)


def instant_image(zone: str) -> Image:
    """The image of readings of the clock of `zone` as instants."""
    return _zone_image(zone, Op.INSTANT_LO, Op.INSTANT_HI)


def _zone_image(zone: str, low: Op, high: Op) -> Image:
    if zone.upper() in ("UTC", "GMT", "ETC/UTC"):
        return SAME
    try:
        zone_of(zone)
    except (KeyError, ValueError, OSError):
        return _widened(_ZONE_REACH_US)
    return (Step(low, name=zone),), (Step(high, name=zone),)


def _zone_link(change: ZoneChange) -> Link:
    forward, backward = SAME, SAME
    if change.source is not None:
        forward, backward = instant_image(change.source), local_image(change.source)
        if backward != SAME:
            # A skipped reading comes back from its instant as another one, up to a day away.
            backward = _then(backward, _widened(DAY_US))
    if change.target is not None:
        forward = _then(forward, local_image(change.target))
        backward = _then(instant_image(change.target), backward)
    return Link(change.argument, forward, backward)


def _epoch_link(epoch: Epoch) -> Link:
    if epoch.unit_us == 1:
        return Link(epoch.number, SAME, SAME)
    moment = (Step(Op.MULTIPLY, epoch.unit_us),)
    # Numbers are whole, so that the first one at or after a moment serves both ends.
    number = (Step(Op.DIVIDE_HI, epoch.unit_us),)
    return Link(epoch.number, (moment, moment), (number, number))


def widened(image: Image, microseconds: int) -> Image:
    """The image with both ends moved outward."""
    return _then(image, _widened(microseconds))


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _floors(unit: str) -> Image:
    return (Step(Op.FLOOR, name=unit),), (Step(Op.CEIL, name=unit),)


def _ceils(unit: str) -> Image:
    return (Step(Op.CEIL, name=unit),), (Step(Op.CEIL, name=unit),)


def _months(months: int) -> Image:
    return (Step(Op.MONTHS, months),), (Step(Op.MONTHS, months),)


def _shifted(amount: int) -> Image:
    steps = (Step(Op.SHIFT, amount),) if amount else ()
    return steps, steps


def _widened(amount: int) -> Image:
    return (Step(Op.SHIFT, -amount),), (Step(Op.SHIFT, amount),)


def _then(first: Image, second: Image) -> Image:
    low = None if first[0] is None or second[0] is None else first[0] + second[0]
    high = None if first[1] is None or second[1] is None else first[1] + second[1]
    return low, high


def _after(first: Image, second: Image) -> Image:
    return _then(first, second)
