"""The kinds of value that the read-window pass tells apart, and what can be asked of them. No inference here."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.dataclass import dataclass
from sqlbackfill.partitions.bounds import BoundType


class InnerKind(Enum):
    """Kinds that bounds are never of: they are told apart inside a query only.

    OWN_OFFSET are instants that are read at an offset which each value brings, Snowflake's
    TIMESTAMP_TZ. WRITTEN_TEXT is text that the SQL writes from a moment.
    """

    OWN_OFFSET = "own offset"
    WRITTEN_TEXT = "written text"


Kind: TypeAlias = BoundType | InnerKind | None
KindOf: TypeAlias = Callable[[exp.Expr], Kind]

_T = exp.DataType.Type
_KINDS: Final = {
    _T.DATE: BoundType.DATE,
    _T.DATE32: BoundType.DATE,
    _T.TIMESTAMP: BoundType.TIMESTAMP,
    _T.TIMESTAMPNTZ: BoundType.TIMESTAMP,
    _T.DATETIME: BoundType.TIMESTAMP,
    _T.DATETIME2: BoundType.TIMESTAMP,
    _T.TIMESTAMP_S: BoundType.TIMESTAMP,
    _T.TIMESTAMP_MS: BoundType.TIMESTAMP,
    _T.TIMESTAMP_NS: BoundType.TIMESTAMP,
    _T.TIMESTAMPTZ: BoundType.TIMESTAMPTZ,
    _T.TIMESTAMPLTZ: BoundType.TIMESTAMPTZ,
    _T.TINYINT: BoundType.INTEGER,
    _T.SMALLINT: BoundType.INTEGER,
    _T.INT: BoundType.INTEGER,
    _T.BIGINT: BoundType.INTEGER,
    _T.INT128: BoundType.INTEGER,
    _T.UTINYINT: BoundType.INTEGER,
    _T.USMALLINT: BoundType.INTEGER,
    _T.UINT: BoundType.INTEGER,
    _T.UBIGINT: BoundType.INTEGER,
    _T.VARCHAR: BoundType.TEXT,
    _T.TEXT: BoundType.TEXT,
}
# Values that are finer or coarser than a microsecond: a comparison or a cast may round them.
_OTHER_PRECISION: Final = {_T.TIMESTAMP_NS, _T.DATETIME2}
_WALL: Final = frozenset({BoundType.DATE, BoundType.TIMESTAMP})
_TIMES: Final = _WALL | {BoundType.TIMESTAMPTZ}
SPARK_FAMILY: Final = frozenset({"spark", "spark2", "databricks", "hive"})
_OWN_OFFSET_DIALECTS: Final = frozenset({"snowflake"})


def kind_of_type(type_: exp.DataType | None, dialect: str) -> Kind:
    """The kind of a SQL type; None for types that no deduction is made about."""
    if type_ is None or type_.args.get("nested"):
        return None
    if type_.this is _T.DECIMAL and dialect == "snowflake":
        return BoundType.INTEGER if _is_whole(type_) else None
    kind = _KINDS.get(type_.this)
    if kind is BoundType.TIMESTAMPTZ and dialect in _OWN_OFFSET_DIALECTS:
        return InnerKind.OWN_OFFSET if type_.this is _T.TIMESTAMPTZ else kind
    return kind


def stored_kind(kind: Kind) -> BoundType | None:
    """The kind of bound that a column of `kind` is compared with; None where it is not certain."""
    if isinstance(kind, InnerKind):
        return BoundType.TIMESTAMPTZ if kind is InnerKind.OWN_OFFSET else None
    return kind


def _is_whole(type_: exp.DataType) -> bool:
    """Whether the decimals of Snowflake's NUMBER(p, s) are none, as they are where s is not written."""
    return len(type_.expressions) < 2 or type_.expressions[1].name == "0"


def rounds(type_: exp.DataType | None) -> bool:
    """Whether values of the type may be rounded when they are compared with microseconds."""
    return type_ is not None and (
        type_.this in _OTHER_PRECISION
        or (bool(type_.expressions) and _KINDS.get(type_.this) in _TIMES)
    )


def is_time(kind: Kind) -> bool:
    """Whether values are dates or moments."""
    return kind in _TIMES


def is_wall(kind: Kind) -> bool:
    """Whether values are readings of a clock or calendar rather than instants."""
    return kind in _WALL


def is_text_kind(kind: Kind) -> bool:
    """Whether values are text."""
    return kind in (BoundType.TEXT, InnerKind.WRITTEN_TEXT)


def same_axis(a: Kind, b: Kind) -> bool:
    """Whether two kinds can be compared without a time zone and without reading text."""
    both = (is_wall(a) and is_wall(b)) or (is_text_kind(a) and is_text_kind(b))
    return a is not None and (a is b or both)


def is_extracted_date(node: exp.Expr, dialect: str) -> bool:
    """Whether `node` is EXTRACT(DATE FROM …) of BigQuery."""
    return dialect == "bigquery" and isinstance(node, exp.Extract) and node.name.upper() == "DATE"


def joint(kinds: list[Kind]) -> Kind:
    """The kind of a value that is one of several, such as a CASE's arms."""
    if not kinds or any(not same_axis(kinds[0], kind) for kind in kinds):
        return None
    if all(kind is kinds[0] for kind in kinds):
        return kinds[0]
    return BoundType.TEXT if is_text_kind(kinds[0]) else BoundType.TIMESTAMP


def arms_of(node: exp.Case | exp.If) -> list[exp.Expr]:
    """The values that a CASE or IF may give, NULL ones left out; [NULL] kept if a default is missing."""
    if isinstance(node, exp.If):
        arms = [node.args["true"], node.args.get("false")]
    else:
        arms = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
    return [arm for arm in arms if arm is not None and not isinstance(arm, exp.Null)]


DATE_ARITHMETIC: Final = (
    exp.DateAdd,
    exp.DateSub,
    exp.TsOrDsAdd,
    exp.TimestampAdd,
    exp.TimestampSub,
    exp.DatetimeAdd,
    exp.DatetimeSub,
)


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A change between clocks: `argument` is an instant or a reading in `source`, as its kind says.

    `target` is the zone of the reading that results; None where it is an instant. `keeps_kind`: the
    result is of the argument's own kind, though its value is a reading (as Spark's shifts are).
    """

    argument: exp.Expr
    source: str | None
    target: str | None
    keeps_kind: bool = False


def zone_change(node: exp.Expr, argument_kind: KindOf, dialect: str) -> ZoneChange | None:
    """The change of clock that `node` is; None for anything else, and where a zone is computed."""
    if isinstance(node, exp.ConvertTimezone):
        argument, source = node.args["timestamp"], _text(node.args.get("source_tz"))
        target = _text(node.args.get("target_tz"))
        known = source is not None and target is not None and not node.args.get("options")
        wall = argument_kind(argument) is BoundType.TIMESTAMP
        return ZoneChange(argument, source, target, keeps_kind=True) if known and wall else None
    if isinstance(node, exp.AtTimeZone):
        zone, argument = _text(node.args.get("zone")), node.this
        if dialect in SPARK_FAMILY:
            return _spark_shift(argument, zone, argument_kind)
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "timezone":
        if len(node.expressions) != 2:
            return None
        zone, argument = _text(node.expressions[0]), node.expressions[1]
    else:
        return None
    if zone is None:
        return None
    if argument_kind(argument) is BoundType.TIMESTAMPTZ:
        return ZoneChange(argument, None, zone)
    if argument_kind(argument) is BoundType.TIMESTAMP:
        return ZoneChange(argument, zone, None)
    return None


def _spark_shift(argument: exp.Expr, zone: str | None, kind: KindOf) -> ZoneChange | None:
    """FROM_UTC_TIMESTAMP, which parses to AT TIME ZONE: the instant moves by the zone's offset."""
    if not isinstance(argument, exp.Cast) or argument.to.this is not _T.TIMESTAMP or zone is None:
        return None
    if kind(argument.this) is not BoundType.TIMESTAMPTZ:
        return None
    return ZoneChange(argument.this, None, zone, keeps_kind=True)


def _text(node: exp.Expr | None) -> str | None:
    return node.name if isinstance(node, exp.Literal) and node.is_string else None
