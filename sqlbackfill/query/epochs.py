"""Functions that read a number of seconds, or parts of them, since 1970 as a moment. Owns no ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType

_UNIT_US: Final = {0: 1_000_000, 3: 1_000, 6: 1}
_NAMED: Final = {"timestamp_seconds": 0, "timestamp_millis": 3, "timestamp_micros": 6}
_SPARK: Final = frozenset({"spark", "spark2", "databricks"})


@dataclass(frozen=True, slots=True)
class Epoch:
    """`number` counts units of `unit_us` microseconds since 1970; the moment is of kind `kind`."""

    number: exp.Expr
    unit_us: int
    kind: BoundType


def epoch_of(node: exp.Expr, dialect: str) -> Epoch | None:
    """What `node` reads as a moment; None for anything else, and where a setting tells the kind."""
    if isinstance(node, exp.UnixToTime):
        return _unix_to_time(node, dialect)
    if not isinstance(node, exp.Anonymous) or not node.expressions:
        return None
    name, (number, *more) = node.name.lower(), node.expressions
    if dialect in _SPARK and name in _NAMED and not more:
        return Epoch(number, _UNIT_US[_NAMED[name]], BoundType.TIMESTAMPTZ)
    if dialect == "snowflake" and name == "to_timestamp_ntz" and len(more) <= 1:
        scale = _scale(more[0] if more else None)
        return None if scale is None else Epoch(number, _UNIT_US[scale], BoundType.TIMESTAMP)
    return None


def _unix_to_time(node: exp.UnixToTime, dialect: str) -> Epoch | None:
    scale = _scale(node.args.get("scale"))
    if scale is None or any(v for k, v in node.args.items() if k not in ("this", "scale")):
        return None
    if dialect == "bigquery" or (dialect in ("duckdb", "postgres") and scale == 0):
        return Epoch(node.this, _UNIT_US[scale], BoundType.TIMESTAMPTZ)
    if dialect == "duckdb":
        return Epoch(node.this, _UNIT_US[scale], BoundType.TIMESTAMP)
    return None


def _scale(node: exp.Expr | None) -> int | None:
    if node is None:
        return 0
    text = node.name if isinstance(node, exp.Literal) and not node.is_string else ""
    return int(text) if text in ("0", "3", "6") else None
