"""Links of dates and moments that the SQL takes from the calendar of another: its month's last day, the day that its
parts make, the slot of time that it lies in.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import microseconds
from sqlbackfill.partitions.paths import DAY_US, FIXED_US, Op, Step
from sqlbackfill.query import images
from sqlbackfill.query.encodings import Found, ToWall
from sqlbackfill.query.formats import part_of
from sqlbackfill.query.kinds import Kind, KindOf, is_time, is_wall, kind_of_type
from sqlbackfill.query.units import interval_of, unit_of, whole_number

_FIELDS: Final = ("year", "month", "day")
_LAST_DAYS: Final = ("month", "quarter", "year")
_SHORT: Final = frozenset({exp.DataType.Type.TINYINT, exp.DataType.Type.UTINYINT})  # no year fits
_FINE: Final = re.compile(r"[.,]\d{7}")  # finer than a microsecond, which engines round
_MONDAY_US: Final = microseconds(datetime(2000, 1, 3, tzinfo=UTC))


def calendar_link(node: exp.Expr, kind: KindOf, to_wall: ToWall, dialect: str) -> Found | None:
    """The link of `node` to the moment that it is taken from; None where it is nothing of the kind."""
    if isinstance(node, exp.LastDay):
        return _last_day(node, kind)
    parts = _parts(node, dialect)
    if parts is not None:
        argument, unit = parts
        both = to_wall(kind(argument)) if is_time(kind(argument)) else None
        if both is None:
            return None
        return (
            argument,
            images.then(both[0], images.floors(unit)),
            images.then(images.ceils(unit), both[1]),
        )
    slot = slot_of(node, dialect)
    if slot is None or not slot.fits(kind(slot.moment)):
        return None
    down, up = (_rounded(slot, op) for op in (Op.DIVIDE_LO, Op.DIVIDE_HI))
    return slot.moment, (down, up), (up, up)


def calendar_kind(node: exp.Expr, kind: KindOf, dialect: str) -> Kind:
    """The kind of such a date or moment."""
    if isinstance(node, exp.LastDay):
        return BoundType.DATE if is_time(kind(node.this)) else None
    if _parts(node, dialect) is not None:
        return BoundType.DATE
    slot = slot_of(node, dialect)
    if slot is None:
        return None
    found = kind(slot.moment)
    return found if slot.fits(found) else None


def _last_day(node: exp.LastDay, kind: KindOf) -> Found | None:
    written = node.args.get("unit")
    unit = unit_of(written) if written is not None else "month"
    if unit not in _LAST_DAYS or not is_wall(kind(node.this)):
        return None
    (day, _), (first, after) = images.floors("day"), images.floors(unit)
    # It is not before the day itself, and in the same month.
    return node.this, (day, after), (first, images.ceils("day")[1])


def _parts(node: exp.Expr, dialect: str) -> tuple[exp.Expr, str] | None:
    """(moment, unit) of a date that is made of the moment's own year, month and day, cut at the unit."""
    if isinstance(node, exp.DateFromParts):
        given = [node.args.get(name) for name in ("year", "month", "day")]
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "make_date":
        given = list(node.expressions)
    else:
        return None
    fields = [one for one in given if isinstance(one, exp.Expr)]
    if len(fields) != len(_FIELDS) or len(given) != len(_FIELDS):
        return None
    found: exp.Expr | None = None
    unit = "year"
    for name, one in zip(_FIELDS, fields, strict=True):
        part = part_of(_uncast(one), name, dialect)
        if part is None:
            if name == "year" or whole_number(one) != 1:
                return None
            continue
        if found is not None and (part != found or _next_finer(unit) != name):
            return None
        found, unit = part, name
    return (found, unit) if found is not None else None


def _next_finer(unit: str) -> str | None:
    return {"year": "month", "month": "day"}.get(unit)


def _uncast(node: exp.Expr) -> exp.Expr:
    """A part without the cast that makes a whole number of it."""
    while isinstance(node, exp.Paren) or (
        isinstance(node, exp.Cast) and node.to.this in exp.DataType.INTEGER_TYPES - _SHORT
    ):
        node = node.this
    return node


@dataclass(frozen=True, slots=True)
class Slot:
    """The start of the slot that `moment` lies in; slots are `width_us` long and one starts at `origin_us`."""

    moment: exp.Expr
    width_us: int
    origin_us: int

    def fits(self, kind: Kind) -> bool:
        """Whether slots of values of `kind` are as they seem: those of dates are whole days."""
        are_days = self.width_us % DAY_US == 0 and self.origin_us % DAY_US == 0
        return is_wall(kind) and (kind is not BoundType.DATE or are_days)


def slot_of(node: exp.Expr, dialect: str) -> Slot | None:
    """The slot that TIME_BUCKET, DATE_BIN or TIME_SLICE gives the start of; None for anything else."""
    if isinstance(node, exp.DateBin) and dialect in ("duckdb", "postgres"):
        width = _width(node.this)
        given = node.args.get("unit")
        origin = _MONDAY_US if given is None else _moment(given, dialect)
        if given is None and dialect == "postgres":
            return None
        moment = node.expression
    elif isinstance(node, exp.TimeSlice) and dialect == "snowflake":
        if (kind := node.args.get("kind")) is not None and kind.name.upper() != "START":
            return None
        unit, count = unit_of(node.args.get("unit")), whole_number(node.expression)
        is_fixed = unit in FIXED_US and unit != "week" and count is not None
        width = FIXED_US[unit] * count if is_fixed and unit and count else None
        origin, moment = 0, node.this
    else:
        return None
    if width is None or width <= 0 or origin is None or not isinstance(moment, exp.Expr):
        return None
    return Slot(moment, width, origin)


def _width(node: exp.Expr) -> int | None:
    if isinstance(node, exp.Literal) and node.is_string:
        try:
            node = exp.to_interval(node.name)
        except (SqlglotError, ValueError):
            return None
    given = interval_of(node)
    return FIXED_US[given[0]] * given[1] if given is not None and given[0] in FIXED_US else None


def _moment(node: exp.Expr, dialect: str) -> int | None:
    """The reading of a clock that a literal names; an instant is none, slots from it are instants too."""
    while isinstance(node, exp.Paren):
        node = node.this
    target: Kind = None
    if isinstance(node, exp.Cast):
        target = kind_of_type(node.to, dialect)
        node = node.this
        if not is_wall(target):
            return None
    if not isinstance(node, exp.Literal) or not node.is_string or _FINE.search(node.name):
        return None
    try:
        read = datetime.fromisoformat(node.name)
    except ValueError:
        return None
    origin = microseconds(read.replace(tzinfo=UTC))
    is_cut = target is BoundType.DATE and origin % DAY_US != 0
    return origin if read.tzinfo is None and not is_cut else None


def _rounded(slot: Slot, division: Op) -> tuple[Step, ...]:
    phase = slot.origin_us % slot.width_us
    around = (Step(division, slot.width_us), Step(Op.MULTIPLY, slot.width_us))
    if not phase:
        return around
    return (Step(Op.SHIFT, -phase), *around, Step(Op.SHIFT, phase))
