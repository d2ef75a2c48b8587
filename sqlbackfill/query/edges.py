"""How a bound on an expression bounds its argument and the reverse: one step, y = f(x).

Every rule is the table of the analysis (section 2): an image may be wider than the truth, never
narrower. Functions that are not named here have no link.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import DAY_US, FIXED_US, MONTHS_IN
from sqlbackfill.partitions.zone_images import HOUR_US
from sqlbackfill.query import images
from sqlbackfill.query.calendar_links import calendar_link
from sqlbackfill.query.encodings import encoded, epoch_link, is_number
from sqlbackfill.query.epochs import epoch_of
from sqlbackfill.query.images import SAME, Image
from sqlbackfill.query.kinds import (
    DATE_ARITHMETIC,
    SPARK_FAMILY,
    InnerKind,
    Kind,
    KindOf,
    ZoneChange,
    is_extracted_date,
    is_text_kind,
    is_time,
    is_wall,
    kind_of_type,
    rounds,
    same_axis,
    zone_change,
)
from sqlbackfill.query.units import interval_of, moved_by, whole_number

_SECOND_US: Final = 1_000_000


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
        found = self._plain_link(node, kind)
        if found is not None:
            return found
        built = encoded(node, kind, self._to_wall, self.dialect) or calendar_link(
            node, kind, self._to_wall, self.dialect
        )
        return Link(*built) if built is not None else None

    def _to_wall(self, source: Kind) -> tuple[Image, Image] | None:
        """The images from a kind to the session's clock and back."""
        return self.between(source, BoundType.TIMESTAMP) if is_time(source) else None

    def _plain_link(self, node: exp.Expr, kind: KindOf) -> Link | None:
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
            is_whole = kind(epoch.number) is BoundType.INTEGER
            return Link(*epoch_link(epoch)) if is_whole else None
        zone = zone_change(node, kind, self.dialect)
        return _zone_link(zone) if zone is not None else None

    def is_number(self, node: exp.Expr, kind: KindOf) -> bool:
        """Whether `node` is a number, whole or not, whose ranges are known as whole numbers."""
        return is_number(node, kind, self.dialect)

    def link_kind(self, node: exp.Cast | exp.TryCast) -> Kind:
        """The kind that a cast gives."""
        return kind_of_type(node.to, self.dialect)

    def between(self, x: Kind, y: Kind) -> tuple[Image, Image] | None:
        """The images of x = y (x to y, y to x) as the engine compares the two kinds."""
        if same_axis(x, y):
            return None if is_text_kind(x) and self.dialect in _FOLDING else (SAME, SAME)
        if {x, y} == {InnerKind.OWN_OFFSET, BoundType.TIMESTAMPTZ}:
            return SAME, SAME
        if x is BoundType.TIMESTAMPTZ and is_wall(y):
            return self._to_local(), self._to_instant()
        if is_wall(x) and y is BoundType.TIMESTAMPTZ:
            return self._to_instant(), self._to_local()
        return None

    def _to_local(self) -> Image:
        return images.local_image(self.session_zone)

    def _to_instant(self) -> Image:
        return images.instant_image(self.session_zone)

    def _cast(self, node: exp.Cast | exp.TryCast, kind: KindOf) -> Link | None:
        source, target = kind(node.this), kind(node)
        if source is None or target is None:
            return None
        if source is InnerKind.OWN_OFFSET and is_wall(target):
            return self._at_own_offset(node, target)
        if not is_time(source) or not is_time(target):
            is_same = source is target or (is_text_kind(source) and is_text_kind(target))
            plain = is_same and not node.to.expressions and not self._may_lose(node, target)
            return Link(node.this, SAME, SAME) if plain else None
        both = self.between(source, target)
        if both is None or self._may_lose(node, target):
            return None
        forward, backward = both
        if target is BoundType.DATE:
            forward = images.then(forward, images.floors("day"))
            backward = images.then(images.ceils("day"), backward)
        elif rounds(node.to) or node.to.this in _COARSE:
            forward = images.then(forward, images.widening(_SECOND_US))
            backward = images.then(images.widening(_SECOND_US), backward)
        return Link(node.this, forward, backward)

    def _may_lose(self, node: exp.Cast | exp.TryCast, target: Kind) -> bool:
        """Whether values that do not fit come out as NULL, or in Spark as other numbers, and not as an error."""
        if not isinstance(node, exp.TryCast):
            return False
        if target is BoundType.INTEGER:
            widest = _WIDEST if self.dialect == "duckdb" else _WIDE
            return node.to.this not in widest
        return node.to.this is exp.DataType.Type.TIMESTAMP_NS

    def _at_own_offset(self, node: exp.Cast | exp.TryCast, target: Kind) -> Link | None:
        """The link of a date or reading at an offset that the value brings, which is not known."""
        if rounds(node.to) or node.to.this in _COARSE:
            return None
        reach = images.widening(images.ZONE_REACH_US)
        if target is not BoundType.DATE:
            return Link(node.this, reach, reach)
        day, back = images.floors("day"), images.ceils("day")
        return Link(node.this, images.then(reach, day), images.then(back, reach))

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
        both = self.between(source, BoundType.TIMESTAMP)
        if zone is not None:
            written = self.dialect == "bigquery" and _is_text(zone)
            if source is not BoundType.TIMESTAMPTZ or not written:
                return None
            both = images.local_image(zone.name), images.instant_image(zone.name)
        if both is None:
            return None
        return Link(
            x,
            images.then(both[0], images.floors("day")),
            images.then(images.ceils("day"), both[1]),
        )

    def _truncation(self, node: exp.Expr, kind: KindOf) -> Link | None:
        source, unit = kind(node.this), node.args.get("unit")
        ends = images.unit_ends(unit, self.dialect)
        if not is_time(source) or ends is None or node.args.get("zone"):
            return None
        if source is BoundType.DATE and self.dialect == "postgres" and self._to_local() != SAME:
            return None
        forward, backward = ends
        if source is BoundType.TIMESTAMPTZ:
            forward = images.then(images.then(self._to_local(), forward), self._to_instant())
            local = self._to_local()
            if local != SAME:  # where the clock skips midnight, a day starts as late as 01:00
                local = images.then(local, images.widening(3 * HOUR_US))
            backward = images.then(images.then(local, backward), self._to_instant())
        return Link(node.this, forward, backward)

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
            return Link(x, images.shifted(step), images.shifted(-step))
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
        forward, backward = images.shifted(given[1] * DAY_US), images.shifted(-given[1] * DAY_US)
        return Link(
            node.this, images.then(date.forward, forward), images.then(backward, date.backward)
        )

    def _shift(
        self, x: exp.Expr, source: Kind, given: tuple[str, int] | None, sign: int
    ) -> Link | None:
        if given is None or not is_time(source):
            return None
        unit, number = given[0], given[1] * sign
        if unit in FIXED_US:
            forward, backward = (
                images.shifted(number * FIXED_US[unit]),
                images.shifted(-number * FIXED_US[unit]),
            )
        else:
            months = number * MONTHS_IN[unit]
            forward = images.then(images.months(months), images.widening(DAY_US))
            backward = images.then(images.months(-months), images.widening(4 * DAY_US))
        civil = unit not in ("microsecond", "millisecond", "second", "minute", "hour")
        if source is BoundType.TIMESTAMPTZ and civil:
            forward = images.then(images.then(self._to_local(), forward), self._to_instant())
            backward = images.then(images.then(self._to_local(), backward), self._to_instant())
            if self.session_zone.upper() != "UTC":
                forward, backward = (
                    images.then(i, images.widening(HOUR_US * 3)) for i in (forward, backward)
                )
        return Link(x, forward, backward)


# Their text comparison ignores case or trailing blanks, by default or often; a column of Snowflake may,
# and its catalogue of columns does not show it.
_FOLDING: Final = frozenset(
    {"mysql", "tsql", "fabric", "snowflake", "starrocks", "doris", "singlestore", "teradata"}
)
_WIDEST: Final = frozenset({exp.DataType.Type.INT128})
_WIDE: Final = frozenset({exp.DataType.Type.BIGINT, *_WIDEST})
_COARSE: Final = frozenset(
    {
        exp.DataType.Type.TIMESTAMP_S,
        exp.DataType.Type.TIMESTAMP_MS,
        exp.DataType.Type.TIMESTAMP_NS,
    }
)


def _zone_link(change: ZoneChange) -> Link:
    forward, backward = SAME, SAME
    if change.source is not None:
        forward, backward = images.instant_image(change.source), images.local_image(change.source)
        if backward != SAME:
            # A skipped reading comes back from its instant as another one, up to a day away.
            backward = images.then(backward, images.widening(DAY_US))
    if change.target is not None:
        forward = images.then(forward, images.local_image(change.target))
        backward = images.then(images.instant_image(change.target), backward)
    return Link(change.argument, forward, backward)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string
