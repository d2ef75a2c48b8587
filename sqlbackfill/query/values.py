"""Constants in conditions: literals and the partition's own bounds, as exact values. Owns no ranges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.mapping import microseconds
from sqlbackfill.partitions.paths import DAY_US, FIXED_US, MONTHS_IN, Op, Origin, Path, Step
from sqlbackfill.query.edges import EdgeRules
from sqlbackfill.query.kinds import DATE_ARITHMETIC, Kind, is_time, is_wall
from sqlbackfill.query.units import interval_of, moved_by, whole_number

START: Final = "__sb_start__"
END: Final = "__sb_end__"
KEY: Final = "__sb_key__"
MARKERS: Final = (START, END, KEY)
_MARKER: Final = re.compile("|".join(MARKERS))
_MARKER_IN_TEXT: Final = re.compile(_MARKER.pattern, re.IGNORECASE)  # names may be folded
_ORIGINS: Final = {START: Origin.LO, END: Origin.HI}


class Constants:
    """Reads constant expressions. `partition_kind` is the type that printed bounds have."""

    def __init__(self, rules: EdgeRules, partition_kind: Kind) -> None:
        self._rules = rules
        self.partition_kind = partition_kind

    def value(self, node: exp.Expr, kind: Kind) -> Path | None:
        """The exact value of `node` where it is compared with a value of `kind`, else None."""
        if kind is BoundType.INTEGER:
            number = whole_number(node)
            if number is not None and not node.find(exp.Literal).is_string:  # type: ignore[union-attr]  # it holds one
                return Path(Origin.CONST, (), number)
            if is_marker(node) and self.partition_kind is BoundType.INTEGER:
                return Path(_ORIGINS[node.name]) if node.name in _ORIGINS else None
            return None
        if not is_time(kind):
            return None
        value = self._moment(node, is_wall(kind))
        if kind is BoundType.DATE and isinstance(node, exp.Literal) and value is not None:
            # The engine reads the text as a date, and so drops its time of day.
            whole = (
                self.partition_kind is BoundType.DATE if is_marker(node) else len(node.name) == _DAY
            )
            return value if whole else None
        return value

    def _moment(self, node: exp.Expr, wall: bool) -> Path | None:
        if isinstance(node, exp.Paren):
            return self._moment(node.this, wall)
        if isinstance(node, exp.Literal):
            return self._literal(node, wall)
        if isinstance(node, (exp.Cast, exp.TryCast)):
            return self._cast(node, wall)
        if isinstance(node, (exp.Add, exp.Sub)):
            return self._sum(node, wall)
        if isinstance(node, DATE_ARITHMETIC):
            return self._moved(node, wall)
        if isinstance(node, (exp.Date, exp.TsOrDsToDate, exp.Timestamp)):
            return self._read_text(node, wall)
        return None

    def _read_text(self, node: exp.Expr, wall: bool) -> Path | None:
        """DATE('…') and TO_DATE('…'), and BigQuery's TIMESTAMP('…'), of one argument."""
        is_instant = isinstance(node, exp.Timestamp)
        if is_instant == wall or (is_instant and self._rules.dialect != "bigquery"):
            return None
        extra = [k for k, v in node.args.items() if v and k not in ("this", "safe", "with_tz")]
        if extra or not isinstance(node.this, exp.Literal):
            return None
        inner = self._literal(node.this, wall)
        if inner is None or is_instant or self._is_midnight(inner):
            return inner
        return inner.then((Step(Op.FLOOR, name="day"),))

    def _literal(self, node: exp.Literal, wall: bool) -> Path | None:
        if not node.is_string:
            return None
        if node.name in _ORIGINS:
            return self._bound(_ORIGINS[node.name], wall)
        return _constant(node.name, wall, self._rules.session_zone)

    def _bound(self, origin: Origin, wall: bool) -> Path | None:
        own = self.partition_kind
        if is_wall(own) and wall:
            return Path(origin)
        if own is BoundType.TIMESTAMPTZ and not wall:
            return Path(origin)
        if is_wall(own) and self._rules.session_zone.upper() == "UTC":
            return Path(origin)
        return None

    def _cast(self, node: exp.Cast | exp.TryCast, wall: bool) -> Path | None:
        target = self._rules.link_kind(node)
        if not is_time(target) or is_wall(target) != wall:
            return None
        inner = self._moment(node.this, wall)
        if inner is None or target is not BoundType.DATE or self._is_midnight(inner):
            return inner
        return inner.then((Step(Op.FLOOR, name="day"),))

    def _is_midnight(self, path: Path) -> bool:
        """Whether the value is a whole day already, as bounds of a DATE column are."""
        if path.origin is Origin.CONST or self.partition_kind is not BoundType.DATE:
            return False
        return all(
            step.op is Op.MONTHS or (step.op is Op.SHIFT and step.amount % DAY_US == 0)
            for step in path.steps
        )

    def _sum(self, node: exp.Add | exp.Sub, wall: bool) -> Path | None:
        inner = self._moment(node.this, wall)
        sign = -1 if isinstance(node, exp.Sub) else 1
        given = interval_of(node.expression)
        if given is None and not _is_text(node.expression) and _is_date(node.this):
            days = whole_number(node.expression)
            given = None if days is None else ("day", days)
        if inner is None or given is None or (not wall and given[0] not in _ELAPSED):
            return None
        return _shifted(inner, given[0], sign * given[1])

    def _moved(self, node: exp.Expr, wall: bool) -> Path | None:
        """DATE_ADD, DATE_SUB and the like of a constant whose type is certain."""
        if not (_is_date(node.this) if wall else isinstance(node.this, exp.Timestamp)):
            return None
        inner, given = self._moment(node.this, wall), moved_by(node)
        if inner is None or given is None or (not wall and given[0] not in _ELAPSED):
            return None
        return _shifted(inner, *given)


def _shifted(value: Path, unit: str, number: int) -> Path:
    if unit in FIXED_US:
        return value.then((Step(Op.SHIFT, number * FIXED_US[unit]),))
    return value.then((Step(Op.MONTHS, number * MONTHS_IN[unit]),))


_DAY: Final = len("YYYY-MM-DD")
# At most microseconds: an engine may keep more digits, or round them.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)?")
_ELAPSED: Final = ("microsecond", "millisecond", "second", "minute", "hour")


def is_marker(node: exp.Expr) -> bool:
    """Whether `node` is the partition's start, end or key as the author printed it."""
    return isinstance(node, exp.Literal) and node.name in MARKERS


def holds_marker(node: exp.Expr) -> bool:
    """Whether a bound of the partition stands anywhere in `node`."""
    return count_markers(node) > 0


def count_markers(node: exp.Expr) -> int:
    """How often bounds of the partition stand in `node`, inside other text too."""
    return sum(
        1 for leaf in node.find_all(exp.Literal, exp.Identifier) if _MARKER.search(leaf.name)
    )


def may_hold_marker(sql: str) -> bool:
    """False where no bound of the partition can stand anywhere in what `sql` is parsed to."""
    return _MARKER_IN_TEXT.search(sql) is not None


def _is_date(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, (exp.Add, exp.Sub)):
        return _is_date(node.this) and not isinstance(node.expression, exp.Interval)
    if isinstance(node, DATE_ARITHMETIC):
        given = moved_by(node)
        return given is not None and given[0] not in _ELAPSED and _is_date(node.this)
    if isinstance(node, (exp.Date, exp.TsOrDsToDate)):
        return True
    return isinstance(node, (exp.Cast, exp.TryCast)) and node.to.this is exp.DataType.Type.DATE


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _constant(text: str, wall: bool, session_zone: str) -> Path | None:
    """An ISO date or moment; None for any other text, and where a zone would have to be guessed."""
    try:
        if len(text) == _DAY:
            moment: datetime | date = date.fromisoformat(text)
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
        else:
            return None
    except ValueError:
        return None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return None if wall else Path(Origin.CONST, (), microseconds(moment.astimezone(UTC)))
    if not wall and session_zone.upper() != "UTC":
        return None
    if isinstance(moment, datetime):
        moment = moment.replace(tzinfo=UTC)
    return Path(Origin.CONST, (), microseconds(moment))
