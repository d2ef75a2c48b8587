"""Text and numbers that the SQL itself writes from a moment, digit by digit: `strftime(d, '%Y%m%d')`. No ranges.

Only forms that keep the order of time are known: whole fields from the four-digit year downward,
each of fixed width. Years outside 1000 to 9999, which have another width, are taken not to occur.
"""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from sqlbackfill.dataclass import dataclass, replace
from sqlbackfill.query.units import whole_number

_FIELDS: Final = ("%Y", "%m", "%d", "%H", "%M", "%S")
_UNITS: Final = ("year", "month", "day", "hour", "minute", "second")
_FIELD: Final = re.compile(r"%[YmdHMS]")
_SEPARATORS: Final = re.compile(r"[-/:. ]*")
_SNOWFLAKE_FIELDS: Final = {
    "YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S",
}  # fmt: skip
_SNOWFLAKE_TOKEN: Final = re.compile(r"YYYY|MM|DD|HH24|MI|SS|[-/:. ]", re.IGNORECASE)
_SPARK: Final = frozenset({"spark", "databricks"})
_AS_WRITTEN: Final = frozenset({"duckdb", "bigquery", "postgres", "redshift"})
# Their text of a date depends on no setting.
_ISO_TEXT: Final = frozenset({"duckdb", "bigquery", "spark", "databricks"})
_ISO_DAY: Final = "%Y-%m-%d"
_READ_AS_TIME: Final = (exp.TimeStrToTime, exp.TsOrDsToTimestamp, exp.TsOrDsToDatetime)


@dataclass(frozen=True, slots=True)
class WrittenText:
    """`argument` written out down to its `unit`; with `is_epoch` it counts seconds since 1970.

    `zone` is the clock that is read where the SQL names one. With `is_reading` nothing is known of
    what becomes of an instant.
    """

    argument: exp.Expr
    pattern: str
    unit: str
    is_epoch: bool = False
    zone: str | None = None
    is_reading: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is digits alone."""
        return not _FIELD.sub("", self.pattern)

    @property
    def is_iso(self) -> bool:
        """Whether every engine reads it back as the date that it was written from."""
        return self.pattern == _ISO_DAY or (
            self.unit == "second" and self.pattern == f"{_ISO_DAY} %H:%M:%S"
        )


@dataclass(frozen=True, slots=True)
class Digits:
    """The number whose digits are the fields of `argument` down to `unit`, such as 20240131."""

    argument: exp.Expr
    unit: str


def written_text(node: exp.Expr, dialect: str) -> WrittenText | None:
    """What `node` writes as text of fixed width; None for anything else.

    Whether the argument is a moment at all is not asked.
    """
    if isinstance(node, exp.TimeToStr):
        return _formatted(node, dialect)
    if isinstance(node, exp.ToChar) and dialect == "snowflake":
        pattern = _snowflake_pattern(node.args.get("format"))
        return _written(node.this, pattern) if not _more(node, "this", "format") else None
    if isinstance(node, exp.UnixToStr) and dialect in _SPARK:
        pattern = _spark_pattern(node.args.get("format"))
        return _written(node.this, pattern, is_epoch=True)
    if isinstance(node, (exp.Cast, exp.TryCast)) and dialect in _ISO_TEXT:
        plain = node.to.this in exp.DataType.TEXT_TYPES and not node.to.expressions
        return _written(node.this, _ISO_DAY) if plain else None
    return None


def digits_of(node: exp.Expr, dialect: str) -> Digits | None:
    """The parts of a date that `node` puts together as one number; None for anything else."""
    year = part_of(node, "year", dialect)
    if year is not None:
        return Digits(year, "year")
    terms = _summands(node)
    for count, unit in ((2, "month"), (3, "day")):
        if len(terms) == count:
            parts = [
                _scaled_part(term, name, 100 ** (count - 1 - place), dialect)
                for place, (term, name) in enumerate(zip(terms, _UNITS, strict=False))
            ]
            if parts[0] is not None and all(part == parts[0] for part in parts):
                return Digits(parts[0], unit)
    return None


def _formatted(node: exp.TimeToStr, dialect: str) -> WrittenText | None:
    argument, format_ = node.this, node.args.get("format")
    # DuckDB reads an instant by the session's clock, but by that of UTC if the format comes first.
    is_reading = dialect == "duckdb" and isinstance(argument, exp.Literal)
    if is_reading:
        argument, format_ = format_, argument
    if _more(node, "this", "format", "zone") or not isinstance(argument, exp.Expr):
        return None
    zone = node.args.get("zone")
    if zone is not None and (not isinstance(zone, exp.Literal) or dialect != "bigquery"):
        return None
    while isinstance(argument, _READ_AS_TIME) and not _more(argument, "this", "safe"):
        argument = argument.this
    if dialect in _SPARK:
        pattern = _spark_pattern(format_)
    elif dialect == "snowflake":
        pattern = _snowflake_pattern(format_)
    else:
        pattern = _text(format_) if dialect in _AS_WRITTEN else None
    found = _written(argument, pattern, zone=zone.name if zone is not None else None)
    return replace(found, is_reading=is_reading) if found is not None else None


def _written(
    argument: exp.Expr, pattern: str | None, *, is_epoch: bool = False, zone: str | None = None
) -> WrittenText | None:
    unit = _unit(pattern) if pattern is not None else None
    if pattern is None or unit is None:
        return None
    return WrittenText(argument, pattern, unit, is_epoch, zone)


def _unit(pattern: str) -> str | None:
    """The finest field of a pattern that keeps the order of time, else None."""
    fields = _FIELD.findall(pattern)
    rest = _FIELD.sub("", pattern)
    in_order = tuple(fields) == _FIELDS[: len(fields)]
    if not fields or not in_order or not pattern.startswith("%Y"):
        return None
    return _UNITS[len(fields) - 1] if _SEPARATORS.fullmatch(rest) else None


def _spark_pattern(format_: exp.Expr | None) -> str | None:
    """The pattern as strftime has it, if its fields are of fixed width, which sqlglot marks."""
    text = _text(format_)
    if text is None:
        return None
    padded = re.sub(r"%([mdHMS])strict", r"%\1", text)
    loose = re.search(r"%[mdHMS](?!strict)", text)
    return None if loose else padded


def _snowflake_pattern(format_: exp.Expr | None) -> str | None:
    text = _text(format_)
    if text is None or "%" in text:
        return None
    tokens = _SNOWFLAKE_TOKEN.findall(text)
    if "".join(tokens) != text:
        return None
    return "".join(_SNOWFLAKE_FIELDS.get(token.upper(), token) for token in tokens)


def _summands(node: exp.Expr) -> list[exp.Expr]:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Add):
        return [*_summands(node.this), *_summands(node.expression)]
    return [node]


def _scaled_part(node: exp.Expr, name: str, factor: int, dialect: str) -> exp.Expr | None:
    """The date whose part `name`, times `factor`, `node` is."""
    if factor == 1:
        return part_of(node, name, dialect)
    if not isinstance(node, exp.Mul):
        return None
    for part, number in ((node.this, node.expression), (node.expression, node.this)):
        if isinstance(number, exp.Literal) and whole_number(number) == factor:
            return part_of(part, name, dialect)
    return None


def part_of(node: exp.Expr, name: str, dialect: str) -> exp.Expr | None:
    """The moment whose year, month or day `node` is; None for anything else."""
    while isinstance(node, exp.Paren):
        node = node.this
    named = {"year": exp.Year, "month": exp.Month, "day": exp.Day}
    if isinstance(node, named[name]):
        argument: exp.Expr = node.this
        while isinstance(argument, exp.TsOrDsToDate) and not _more(argument, "this", "safe"):
            argument = argument.this
        return argument
    extracts = dialect in _AS_WRITTEN | _SPARK
    if extracts and isinstance(node, exp.Extract) and node.name.lower() == name:
        extracted: exp.Expr = node.expression
        return extracted
    return None


def _more(node: exp.Expr, *known: str) -> bool:
    return any(v not in (None, [], False) for k, v in node.args.items() if k not in known)


def _text(node: exp.Expr | None) -> str | None:
    return node.name if isinstance(node, exp.Literal) and node.is_string else None
